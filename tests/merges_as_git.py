"""Generated histories that accept and plain `git merge` must make the same of.

    python -m tests.merges_as_git --rounds 300 --seed 1

In every round two branches of one history edit, rename, remove and retype files, change attributes,
line ends and encodings, under a random configuration of merges; sometimes they have merged each
other before. Then one is merged into the other: by a card's merge, and by git in a checkout.
"""

import argparse
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gitkanban.board.repo import merging
from gitkanban.board.repo.place import Place
from gitkanban.board.work.cardmerge import CardMerge
from gitkanban.core.model import Card, Config
from gitkanban.errors import GitFailed
from tests.board import boards

NAMES = (
    b"a.txt", b"b.txt", b"docs/x.txt", b"docs/y.txt", b"docs/deep/z.lock", b"gen.lock", b"sp ace",
    "ümlaut.txt".encode(), b"latin\xe9.txt", b"bin.dat",
)  # fmt: skip
ATTRIBUTES = (
    b"*.lock merge=mine\n", b"*.txt text=auto\n", b"*.txt eol=crlf\n", b"*.txt merge=union\n",
    b"b.txt -merge\n", b"docs/** merge=mine\n", b"*.txt text eol=lf\n", b"gen.lock binary\n", b"",
    b"*.txt working-tree-encoding=ISO-8859-1\n", b"tool.lock merge=tool\n*.lock merge=tool\n",
)  # fmt: skip
SETTINGS = {
    "merge.mine.driver": ("true", "cp %B %A", "false", "cat %A %B >t.tmp && mv t.tmp %A"),
    "merge.tool.driver": ("true", "true", "sh tools/merge.sh %O %A %B"),
    "merge.renormalize": ("true", "false"),
    "merge.directoryRenames": ("conflict", "true", "false"),
    "merge.renames": ("true", "false"),
    "merge.conflictStyle": ("merge", "diff3"),
}


def git(cwd: Path, *args: str, check: bool = True) -> str:
    """Run git; what it printed, whatever its encoding."""
    done = subprocess.run(["git", *args], cwd=cwd, capture_output=True, check=False)
    assert not (check and done.returncode), (args, done.stderr)
    return os.fsdecode(done.stdout).removesuffix("\n")


class Side:
    """A checkout in which one branch is written."""

    def __init__(self, root: Path, seed: random.Random) -> None:
        self.root, self.random = root, seed

    def file(self, name: bytes) -> bytes:
        return os.path.join(os.fsencode(self.root), name)

    def files(self) -> list[bytes]:
        """What is there but attributes and tools, sorted."""
        top = os.fsencode(self.root)
        found = []
        for folder, _, names in os.walk(top):
            if b"/.git" not in folder + b"/":
                found += [os.path.relpath(os.path.join(folder, name), top) for name in names]
        return sorted(n for n in found if not n.startswith((b".git", b"tools")))

    def write(self, name: bytes, content: bytes) -> None:
        path = self.file(name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            return  # a file has come in the place of the folder
        if os.path.islink(path):
            os.unlink(path)
        with open(path, "wb") as file:
            file.write(content)

    def commit(self) -> str:
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "--allow-empty", "-m", "work")
        return git(self.root, "rev-parse", "HEAD")

    def start(self) -> str:
        """The files that both sides begin with."""
        self.write(b"tools/merge.sh", b'cat "$3" >>"$2"\n')
        for name in NAMES:
            ends = self.random.choice((b"\n", b"\n", b"\r\n"))
            self.write(name, b"".join(b"%s line %d%s" % (name[:1], n, ends) for n in range(20)))
        self.write(b".gitattributes", self.random.choice(ATTRIBUTES))
        return self.commit()

    def work(self) -> str:
        """One commit of a few changes."""
        for _ in range(self.random.randint(1, 4)):
            files = self.files()
            change = self.random.choice(CHANGES)
            change(self, self.random.choice(files) if files else NAMES[0])
        return self.commit()


def edit(side: Side, name: bytes) -> None:
    """Change a line, near where others do or not."""
    path = side.file(name)
    if os.path.islink(path):
        return
    with open(path, "rb") as file:
        lines = file.read().splitlines(keepends=True)
    if lines:
        at = side.random.choice((0, 5, 5, 10, len(lines) - 1)) % len(lines)
        lines[at] = side.random.choice((b"one\n", b"two\n", b"\xe9\xff\n", "ümlaut\r\n".encode()))
    side.write(name, b"".join(lines))


def turn_line_ends(side: Side, name: bytes) -> None:
    path = side.file(name)
    if not os.path.islink(path):
        with open(path, "rb") as file:
            side.write(name, file.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def rename(side: Side, name: bytes) -> None:
    target = side.random.choice((b"new.txt", b"docs/new.txt", b"moved/" + os.path.basename(name)))
    if not os.path.lexists(side.file(target)):
        try:
            os.makedirs(os.path.dirname(side.file(target)), exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            return
        os.rename(side.file(name), side.file(target))


def rename_folder(side: Side, _: bytes) -> None:
    old, new = side.file(b"docs"), side.file(b"papers")
    if os.path.isdir(old) and not os.path.lexists(new):
        os.rename(old, new)


def remove(side: Side, name: bytes) -> None:
    if os.path.lexists(side.file(name)):
        os.unlink(side.file(name))


def add(side: Side, _: bytes) -> None:
    name = side.random.choice((b"docs/added.txt", b"added.txt", b"docs/deep/more.lock"))
    side.write(name, side.random.choice((b"added\n", b"added otherwise\n")))


def turn_mode(side: Side, name: bytes) -> None:
    if not os.path.islink(side.file(name)):
        os.chmod(side.file(name), 0o755)


def link(side: Side, name: bytes) -> None:
    remove(side, name)
    os.symlink(side.random.choice((b"a.txt", b"nowhere")), side.file(name))


def make_folder(side: Side, name: bytes) -> None:
    remove(side, name)
    side.write(name + b"/inside.txt", b"inside\n")


def set_attributes(side: Side, _: bytes) -> None:
    name = side.random.choice((b".gitattributes", b"docs/.gitattributes"))
    side.write(name, side.random.choice(ATTRIBUTES))


CHANGES: tuple[Callable[[Side, bytes], None], ...] = (
    edit, edit, edit, edit, turn_line_ends, rename, rename_folder, remove, add, turn_mode, link,
    make_folder, set_attributes,
)  # fmt: skip


class Outcome(NamedTuple):
    """What a merge came to: a tree, or (empty) a conflict,
    and its files as far as git names them.
    """

    tree: str
    conflicts: tuple[str, ...]

    def is_like(self, plain: "Outcome") -> bool:
        """Whether it is the same; some conflicts of git leave no file in conflict."""
        return self == plain or (self.tree == plain.tree == "" and not plain.conflicts)


class Bench:
    """A repository in which history after history is made and merged twice."""

    def __init__(self, folder: Path) -> None:
        self.repo = folder / "repo"
        git(folder, "init", "-q", "-b", "main", str(self.repo))
        git(self.repo, "commit", "-q", "--allow-empty", "-m", "start")
        self.place: Place = boards.new(self.repo, "kanban")
        self.trees = [folder / name for name in ("ours", "theirs", "plain")]
        for tree in self.trees:
            git(self.repo, "worktree", "add", "-q", "--detach", str(tree))

    def round(self, seed: str) -> tuple[Outcome | None, Outcome | None]:
        """What a card's merge and plain git come to; the same, if all is well."""
        rng = random.Random(seed)
        for key, values in SETTINGS.items():
            git(self.repo, "config", key, rng.choice(values))
        ours, theirs = self.history(rng)
        return self.card(ours, theirs), self.plain(ours, theirs)

    def history(self, rng: random.Random) -> tuple[str, str]:
        """Two tips with history in common."""
        sides = [Side(tree, rng) for tree in self.trees[:2]]
        one, other = sides
        self.clear(one)
        start = one.start()
        self.check_out(other.root, start)
        tips = [side.work() for side in sides]
        if rng.random() < 0.2:  # they cross: two common ancestors, neither of which is older
            self.cross(one, tips[1])
            self.cross(other, tips[0])
        return one.work(), other.work()

    def clear(self, side: Side) -> None:
        git(side.root, "checkout", "-q", "--detach", "-f")
        git(side.root, "clean", "-qfdx")
        git(side.root, "rm", "-rqf", "--ignore-unmatch", ".")

    def check_out(self, root: Path, commit: str) -> None:
        git(root, "checkout", "-q", "--detach", "-f", commit)
        git(root, "clean", "-qfdx")

    def cross(self, side: Side, other: str) -> None:
        git(side.root, "merge", "-q", "--no-edit", "-X", "ours", other, check=False)
        git(side.root, "add", "-A")
        git(side.root, "commit", "-q", "--allow-empty", "-m", "crossed")

    def card(self, ours: str, theirs: str) -> Outcome | None:
        """None where git crashes."""
        work = CardMerge(self.place, Config(), Card("T1"), ours, theirs)
        try:
            work.merge()
        except GitFailed:
            return None
        tree = "" if work.conflicts else git(self.repo, "rev-parse", f"{work.new or ours}^{{tree}}")
        return Outcome(tree, work.conflicts)

    def plain(self, ours: str, theirs: str) -> Outcome | None:
        """None where git does not begin, for line ends make the checkout look changed,
        or crashes.
        """
        root = self.trees[2]
        self.check_out(root, ours)
        merge = ["git", "merge", "-q", "--no-edit", "--no-ff", theirs]
        code = subprocess.run(merge, cwd=root, capture_output=True, check=False).returncode
        if code not in (0, 1):
            lock = git(root, "rev-parse", "--path-format=absolute", "--git-path", "index.lock")
            Path(lock).unlink(missing_ok=True)
            return None
        entries = git(root, "ls-files", "-u", "-z").split("\0")
        unmerged = {entry.partition("\t")[2] for entry in entries if entry}
        if code:
            git(root, "merge", "--abort", check=False)
            git(root, "reset", "-q", "--hard")
            return Outcome("", tuple(sorted(unmerged)))
        return Outcome(git(root, "rev-parse", "HEAD^{tree}"), ())


def run(folder: Path, seeds: range, by_hand: bool = False) -> list[str]:
    """The seeds of which the two ways make something different, with what."""
    bench, wrong = Bench(folder), []
    real = merging._runs_from_tree
    if by_hand:
        merging._runs_from_tree = lambda *_: True
    try:
        for seed in seeds:
            ours, plain = bench.round(f"{seed}")
            if plain and not (ours and ours.is_like(plain)):
                wrong.append(f"seed {seed}: {ours} is not {plain}")
    finally:
        merging._runs_from_tree = real
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--by-hand", action="store_true", help="as with a git before 2.38")
    args = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        wrong = run(Path(folder), range(args.seed, args.seed + args.rounds), args.by_hand)
    print("\n".join(wrong))
    print(f"{args.rounds} merges, {len(wrong)} wrong, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
