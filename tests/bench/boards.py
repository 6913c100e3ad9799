"""Boards of any size, made by one `git fast-import`."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.bench.support import GITKANBAN, command, repository

CONFIG = """\
version: 1
kanban:
  workers:
    coder: {mode: pool, max_concurrency: 4, command: [sleep, "30"]}
"""
OPEN_MOST = 2000  # cards in the backlog; all others are done


def build_board(folder: Path, env: dict[str, str], count: int) -> Path:
    """A repository with a board of that many cards, a fifth of them open, `OPEN_MOST` at most."""
    repo = repository(folder, env)
    (folder / "config.yaml").write_text(CONFIG)
    command(repo, env, GITKANBAN, "init", "--config", str(folder / "config.yaml"))()
    every = max(5, count // OPEN_MOST)
    cards = ((card_name(n), card_text(n, "done" if n % every else "backlog")) for n in range(count))
    commit_cards(repo, env, "main", cards)
    command(repo, env, "git", "reset", "-q", "--hard")()
    command(repo, env, GITKANBAN, "trust", "--yes")()
    return repo


def card_name(number: int) -> str:
    """The id of a card."""
    return f"c{number:06}"


def card_text(number: int, status: str, title: str = "") -> str:
    """A card as `fmt` lays it out; every third one waits for the one before it."""
    parents = f"\n  - {card_name(number - 1)}" if number % 3 == 2 else " []"
    body = "".join(f"  Line {n} of what is to be done for card {number}.\n" for n in range(4))
    return (
        f"id: {card_name(number)}\n\ntitle: {title or f'card number {number}'}\n\nworker: coder\n\n"
        f"status: {status}\n\npriority: {number % 5}\n\nparents:{parents}\n\nneeds: {{}}\n\n"
        f"acceptance: []\n\nbody: |\n{body}"
    )


def commit_cards(
    repo: Path, env: dict[str, str], branch: str, cards: Iterable[tuple[str, str]]
) -> None:
    """Commit cards, (id, text), on a branch, no checkout touched; a new branch begins at main."""
    ref = f"refs/heads/{branch}"
    with subprocess.Popen(
        ["git", "fast-import", "--quiet", "--force"], cwd=repo, env=env, stdin=subprocess.PIPE
    ) as process:
        assert process.stdin
        write = process.stdin.write
        write(f"commit {ref}\ncommitter Ada <ada@example.org> 1767225600 +0000\n".encode())
        write(b"data 6\ncards\n\nfrom refs/heads/main^0\n")
        for name, text in cards:
            data = text.encode()
            write(f"M 100644 inline .kanban/cards/{name}.yaml\ndata {len(data)}\n".encode())
            write(data + b"\n")
        process.stdin.close()
        assert process.wait() == 0
