"""Who else commits to a repository, as far as its history and configuration show; no network."""

from gitkanban.board.repo import git
from gitkanban.late import re
from gitkanban.typed import NamedTuple

RECENT = 200  # commits that are looked at
_PULL_REQUEST = re.compile(r"Merge (?:pull|merge) request |.* \(#[0-9]+\)\Z")


class Company(NamedTuple):
    """Facts for choosing where a new board goes: the checked-out branch and a remote (empty: none),
    how many others have committed lately, and whether pull requests are in use."""

    branch: str = ""
    remote: str = ""
    others: int = 0
    pull_requests: bool = False


def look(cwd: str) -> Company:
    """Return who else commits to the branch that is checked out in a folder."""
    branch = git.run(cwd, "symbolic-ref", "-q", "--short", "HEAD", check=False).text
    remotes = git.run(cwd, "remote", check=False).text.split("\n")
    own = git.run(cwd, "config", "user.email", check=False).text.lower()
    recent = git.run(cwd, "log", f"-{RECENT}", "--format=%aE%x09%s", "HEAD", "--", check=False).text
    rows = [line.partition("\t") for line in recent.split("\n") if line]
    others = {email.lower() for email, _, _ in rows} - {own}
    pulls = any(_PULL_REQUEST.match(subject) for _, _, subject in rows)
    return Company(branch, remotes[0], len(others), pulls)


def why_own_branch(company: Company) -> str:
    """Return why the board should have a branch of its own; empty where either form will do.

    Where others push, or a branch takes pull requests alone, each move of a card would have to go
    through them.
    """
    name, remote, others, pull_requests = company
    if not remote:
        return ""
    if pull_requests:
        return f"{name or 'the branch'} gets its commits by pull requests"
    if others:
        who = "somebody else commits" if others == 1 else f"{others} others commit"
        return f"{who} to {name or 'this repository'} too"
    return ""
