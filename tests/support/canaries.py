"""What lies around a board that nobody allowed to be touched, and programs nobody allowed to run.

It imports nothing of the program. A program that runs leaves a file; what must stay as it is, is
compared with how it was.
"""

import os
import subprocess
from pathlib import Path


class Canaries:
    """Beside one repository: a folder, another repository, a remote that nobody named, and a
    person's uncommitted work inside."""

    def __init__(self, repo: Path) -> None:
        self.repo, top = repo, repo.parent
        self.ran, self.outside = top / "ran", top / "outside"
        self.ran.mkdir()
        (self.outside / "slots").mkdir(parents=True)
        (self.outside / "card.yaml").write_text("id: SECRET\ntitle: of somebody else\n")
        neighbour = self.outside / "neighbour"
        self._git(top, "init", "-q", "-b", "main", str(neighbour))
        (neighbour / "theirs.txt").write_text("staged\n")
        self._git(neighbour, "add", "-A")
        self._git(top, "init", "-q", "--bare", str(self.outside / "evil.git"))
        self._git(repo, "remote", "add", "evil", str(self.outside / "evil.git"))
        (repo / "README.md").write_text("a person's edit\n")
        self._before = self._look()

    def _git(self, cwd: Path, *words: str) -> None:
        subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True)

    def program(self, name: str) -> list[str]:
        """A command that leaves a trace wherever it runs."""
        return ["sh", "-c", f"touch {self.ran}/{name}"]

    def _look(self) -> dict[str, str]:
        """Everything outside, and what the person has, as text."""
        found = {}
        for folder, folders, names in os.walk(self.outside):
            for name in (*folders, *names):
                path = Path(folder, name)
                text = os.readlink(path) if path.is_symlink() else ""
                found[str(path)] = text or (path.read_bytes().hex() if path.is_file() else "")
        found["a person's README.md"] = (self.repo / "README.md").read_text()
        return found

    def violations(self) -> list[str]:
        """13: what ran. 14: what was changed, made or removed."""
        found = [f"13: {name} ran, and nobody had allowed it" for name in os.listdir(self.ran)]
        now = self._look()
        for path in sorted({*now, *self._before}):
            if now.get(path) != self._before.get(path):
                found.append(f"14: {path} is not as it was")
        if self._staged():
            found.append("14: a person's edit was staged")
        return found

    def _staged(self) -> bool:
        words = ["git", "--git-dir=.git", "--work-tree=.", "diff", "--cached", "--quiet", "--"]
        return bool(subprocess.run([*words, "README.md"], cwd=self.repo, check=False).returncode)
