"""Words for work that is not in this clone: where it is, and how to fetch it."""

from gitkanban.core.ids import branch_of
from gitkanban.core.names import CardId
from gitkanban.core.tick.facts import Elsewhere


def absence_words(away: Elsewhere) -> str:
    """`its work is not here: commit 01ab… is on h1, in clone k2x`."""
    clone = f", in clone {away.clone}" if away.clone else ""
    host = away.host or "another host"
    return f"its work is not here: commit {away.commit[:10]} is on {host}{clone}"


def fetch_hint(card: CardId, away: Elsewhere) -> str:
    """The commands that bring a card's branch here through a remote that both clones use."""
    remote, host = away.remote or "REMOTE", away.host or "the host that has it"
    push = f"`git push {remote} {branch_of(card)}` on {host}"
    return f"`gitkanban sync` fetches it, once {host} has synced; or {push}, then `git fetch {remote} {branch_of(card)}` here"
