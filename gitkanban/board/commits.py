"""Questions to git about commits; nothing is changed."""

import re

from gitkanban.board import git

_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def text(where: str, *args: str) -> str:
    """What git prints for a question, stripped; empty when it says no."""
    done = git.run(where, *args, check=False)
    return done.out.decode("utf-8", "surrogateescape").strip() if done.code == 0 else ""


def resolve(where: str, name: str) -> str:
    """The commit that a revision names, empty when there is none."""
    return text(where, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")


def resolve_id(where: str, text: str) -> str:
    """The commit of a whole object id, empty where it is none: for text that was not ours to write."""
    return resolve(where, text) if _ID.fullmatch(text) else ""


def is_ancestor(where: str, older: str, newer: str) -> bool:
    """Whether `newer` contains `older`; both are commits or refs that are there."""
    return git.run(where, "merge-base", "--is-ancestor", older, newer, check=False).code == 0
