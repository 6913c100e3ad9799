"""A repository with a board of any size on a branch of its own, and a remote that takes pushes."""

import os
import subprocess
from pathlib import Path

from gitkanban.board import init, store
from gitkanban.board.following import follow_board
from gitkanban.board.repo import checkouts
from gitkanban.board.repo.place import Place
from gitkanban.runs import trust
from tests.bench.boards import card_name

REMOTE = "origin"
BOARD = "kanban"
TIME = 1767225600  # 2026-01-01, when it all begins

_CONFIG = """\
version: 1
kanban:
  base: main
  max_concurrency: 1
  executors:
    cluster: {{engine: queue, max_concurrency: {slots}}}
  workers:
    coder:
      mode: pool
      max_concurrency: {slots}
      executor: cluster
      command: ["true"]
      on_success: done
      max_attempts: 20
"""


def make_repository(folder: Path, cards: int, slots: int) -> Place:
    """Make the repository in an empty folder, with that many cards in todo,
    and return its board.
    """
    repo, remote = folder / "repo", folder / "remote.git"
    git(folder, "init", "-q", "--bare", str(remote))
    git(remote, "config", "core.logAllRefUpdates", "always")  # so that pushes can be counted
    git(folder, "init", "-q", "-b", "main", str(repo))
    git(repo, "config", "user.name", "Ada")
    git(repo, "config", "user.email", "ada@example.org")
    git(repo, "commit", "-q", "--allow-empty", "-m", "start")
    git(repo, "remote", "add", REMOTE, str(remote))
    place = init.create(str(repo), branch=BOARD, config=_CONFIG.format(slots=slots), files={})
    _add_cards(repo, cards)
    for checkout in checkouts.followers(place):  # the board's own, as if cloned with these cards
        checkout.run("reset", "-q", "--hard")
        Path(checkout.admin, follow_board.RECORD).unlink(missing_ok=True)
    git(repo, "update-ref", "-d", "refs/gitkanban/seen")
    git(repo, "push", "-q", REMOTE, "main", BOARD)
    config = store.read(place).config
    assert config
    trust.record(place, config)
    return place


def count_commits(place: Place) -> int:
    """Return how many commits the board has."""
    return int(git(Path(place.common), "rev-list", "--count", place.ref))


def count_pushes(folder: Path) -> int:
    """Return how many pushes have moved the board at the remote."""
    return len((folder / "remote.git/logs/refs/heads" / BOARD).read_text().splitlines())


def git(cwd: Path, *words: str) -> str:
    """Run git, and return what it printed. Raises CalledProcessError."""
    env = {**os.environ, "GIT_COMMITTER_DATE": f"{TIME} +0000", "GIT_AUTHOR_DATE": f"{TIME} +0000"}
    done = subprocess.run(
        ["git", *words], cwd=cwd, env=env, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


def _add_cards(repo: Path, cards: int) -> None:
    """Commit the cards to the board's branch; every fourth waits for the one before it."""
    with subprocess.Popen(
        ["git", "fast-import", "--quiet", "--force"], cwd=repo, stdin=subprocess.PIPE
    ) as process:
        assert process.stdin
        write = process.stdin.write
        write(f"commit refs/heads/{BOARD}\ncommitter Ada <ada@example.org> {TIME} +0000\n".encode())
        write(f"data 6\ncards\n\nfrom refs/heads/{BOARD}^0\n".encode())
        for number in range(cards):
            data = _card_text(number).encode()
            write(f"M 100644 inline cards/{card_name(number)}.yaml\ndata {len(data)}\n".encode())
            write(data + b"\n")
        process.stdin.close()
        assert process.wait() == 0


def _card_text(number: int) -> str:
    parents = f"\n  - {card_name(number - 1)}" if number % 4 == 3 else " []"
    return (
        f"id: {card_name(number)}\n\ntitle: card number {number}\n\nworker: coder\n\n"
        f"status: todo\n\npriority: {number % 5}\n\nparents:{parents}\n\nneeds: {{}}\n\n"
        f"acceptance: []\n\nbody: |\n  What is to be done for card {number}.\n"
    )
