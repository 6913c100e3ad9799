"""People in the same repository: they commit, amend, rebase, merge, stash, clean up,
and hold locks.

What they write is looked for at the end: nothing of it may be lost by what the program does.
"""

import contextlib
import random
import subprocess
from collections import Counter
from pathlib import Path

from tests.support.arena import Arena

QUIET = {"GIT_EDITOR": "true"}


class People:
    """One person with the main checkout, another with a linked worktree."""

    def __init__(self, arena: Arena, rng: random.Random, tried: Counter[str]) -> None:
        self.arena, self.rng, self.tried = arena, rng, tried
        self.number = 0
        self.locks: list[Path] = []

    def git(self, *words: str) -> bool:
        """Whether git did it; people live with its refusals."""
        done = subprocess.run(
            ["git", *words], cwd=self.arena.repo, capture_output=True, check=False, timeout=60
        )
        return done.returncode == 0

    def act(self) -> None:
        """One of them does something."""
        what = self.rng.choice(
            ("commit", "amend", "rebase", "merge", "stash", "gc", "prune", "back", "index lock",
             "ref lock", "switch", "unlock", "nothing", "nothing")
        )  # fmt: skip
        self.tried[f"person: {what}"] += 1
        getattr(self, what.replace(" ", "_"))()

    def nothing(self) -> None:
        """They think."""

    def write(self) -> str:
        """A file of theirs, with a new line."""
        self.number += 1
        name = f"mine/{self.rng.randint(1, 3)}.txt"
        path = self.arena.repo / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as file:
            file.write(f"{self.number}\n")
        return name

    def commit(self) -> None:
        """An ordinary commit: of one file, or of all that the index has."""
        name = self.write()
        self.git("add", name)
        what = ("--", name) if self.rng.random() < 0.5 else ("-a",)
        self.git("commit", "-qm", f"person {self.number}", *what)

    def amend(self) -> None:
        """Over whatever is at the tip, a board commit too."""
        self.git("add", self.write())
        self.git("commit", "-q", "--amend", "--no-edit")

    def rebase(self) -> None:
        """The last commits once more, with other ids."""
        if not self.git("-c", "core.editor=true", "rebase", "-q", "--no-ff", "HEAD~2"):
            self.git("rebase", "--abort")

    def merge(self) -> None:
        """A branch of theirs comes in."""
        self.git("branch", "-f", "theirs", "HEAD~1")
        if not self.git("merge", "-q", "--no-ff", "--no-edit", "theirs"):
            self.git("merge", "--abort")

    def stash(self) -> None:
        """Away with everything, and back."""
        self.write()
        if self.git("stash", "push", "-q", "-u"):
            self.git("stash", "pop", "-q")

    def gc(self) -> None:
        """Objects that nothing reaches go at once."""
        self.git("gc", "-q", "--prune=2.weeks.ago")

    def prune(self) -> None:
        """Worktrees that git holds for gone."""
        self.git("worktree", "prune")

    def back(self) -> None:
        """The board's branch is set back by force."""
        branch = self.arena.place.branch
        if branch == "main":
            self.git("reset", "-q", "--keep", "HEAD~1")
        else:
            self.git("update-ref", f"refs/heads/{branch}", f"{branch}~1")

    def switch(self) -> None:
        """To another branch and back."""
        if self.git("switch", "-q", "-C", "elsewhere"):
            self.write()
            self.git("switch", "-q", "main")

    def index_lock(self) -> None:
        """A git of theirs holds the index, or was killed with it."""
        self._lock(Path(self.arena.place.common, "index.lock"))

    def ref_lock(self) -> None:
        """The same with the board's branch."""
        self._lock(Path(self.arena.place.common, f"{self.arena.place.ref}.lock"))

    def _lock(self, path: Path) -> None:
        with contextlib.suppress(FileExistsError), path.open("x"):
            self.locks.append(path)

    def unlock(self) -> None:
        """The locks of theirs go."""
        for path in self.locks:
            path.unlink(missing_ok=True)
        self.locks.clear()

    def leave(self) -> None:
        """They finish what they began, so that the board can go on."""
        self.unlock()
        for verb in ("rebase", "merge", "cherry-pick"):
            self.git(verb, "--abort")
        self.git("checkout", "-q", "main")
