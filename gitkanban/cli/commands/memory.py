"""`gitkanban memory`: list proposals to a profile's memory, and accept or reject them."""

from collections.abc import Sequence

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.here import (
    board_of,
    json_option,
    place_here,
    print_json,
    refuse_in_session,
    say,
    tell,
    tell_error,
)
from gitkanban.cli.streams import echo
from gitkanban.core.agents.memory import ACCEPTED, REJECTED, WAITING, Proposal
from gitkanban.core.agents.memorymerge import TAKES
from gitkanban.core.lookup import not_known
from gitkanban.core.model import DONE, Board
from gitkanban.core.names import ProfileName
from gitkanban.errors import Conflict, GitkanbanError, NotFound, UsageError

VERBS = ("accept", "reject", "show")


@declare.command("memory")
@declare.argument("words", nargs=-1, metavar="[PROFILE] | accept ID… | reject ID… | show ID…")
@declare.option("-a", "--all", "all_", is_flag=True, help="Also list those that have been decided.")
@declare.option(
    "--take", type=declare.choice(TAKES), default=None,
    help="Which side wins where both changed the same lines.",
)  # fmt: skip
@declare.option(
    "--by-hand",
    is_flag=True,
    help="With accept: you have already written it there, so only file it.",
)
@json_option
def memory_command(
    words: tuple[str, ...], all_: bool, take: str | None, by_hand: bool, as_json: bool
) -> None:
    """List proposals to a profile's memory, and decide on them.

    \b
    gitkanban memory                      what is waiting, for all profiles
    gitkanban memory backend-hermes       for one profile
    gitkanban memory show ID              a whole proposal
    gitkanban memory accept ID ID         write them into the real memory, even if rejected
    gitkanban memory reject ID            put it aside; nothing is deleted

    A proposal is what a read-only run changed in its copy of the memory, or what somebody wrote
    with `note --memory`. Accepting merges it into the memory as it is now, while no session may
    write the memory. A conflict is shown, and changes nothing.
    """
    refuse_in_session("memory")
    verb = words[0] if words and words[0] in VERBS else ""
    if verb and len(words) == 1:
        raise UsageError(f"{verb} what?", "Name proposals by id; `gitkanban memory` lists them.")
    if not verb and len(words) > 1:
        raise UsageError("one profile at a time", f"The commands are: {', '.join(VERBS)}.")
    from gitkanban.runs.memory.consolidation import known
    from gitkanban.runs.memory.proposing import gather

    place = place_here()
    board = board_of(place)
    tell(f"Warning: {line}" for line in gather(place.private))
    proposals = known(place, board)
    if verb in ("accept", "reject"):
        chosen = [_find_proposal(proposals, word, verb) for word in dict.fromkeys(words[1:])]
        _decide_all(place, board, verb, chosen, take=take or "", by_hand=by_hand, as_json=as_json)
    elif verb == "show":
        _show_proposals([_find_proposal(proposals, word) for word in words[1:]], as_json)
    else:
        _list_proposals(
            board, proposals, ProfileName(words[0] if words else ""), all_, as_json=as_json
        )


def _find_proposal(proposals: Sequence[Proposal], word: str, verb: str = "show") -> Proposal:
    """Return the proposal with that id or prefix, if the verb applies to it. Raises NotFound."""
    matching = [each for each in proposals if each.id.startswith(word)]
    exact = [each for each in matching if each.id == word]
    matching = exact or [each for each in matching if each.state == WAITING] or matching
    if len(matching) != 1:
        many = ", ".join(each.id for each in matching[:5])
        raise NotFound(
            f"{word} could be {many}" if matching else f"no proposal {word!r}",
            "Type more of it." if matching else "`gitkanban memory --all` lists them.",
        )
    name, state = matching[0].id, matching[0].state
    if verb == "accept" and state == ACCEPTED:
        hint = f"`gitkanban memory show {name}` shows it."
        raise NotFound(f"proposal {name} is already accepted", hint)
    if verb == "reject" and state != WAITING:
        hint = f"`gitkanban memory accept {name}` would take it." if state != ACCEPTED else ""
        raise NotFound(f"proposal {name} is already {state}", hint)
    return matching[0]


def _list_proposals(
    board: Board, proposals: Sequence[Proposal], profile: ProfileName, all_: bool, as_json: bool
) -> None:
    from gitkanban.core.agents.memory import gathered
    from gitkanban.views.memory import proposal_data, proposals_text

    known = {worker.profile for worker in board.config.workers.values()} if board.config else set()
    mine = [each for each in proposals if each.profile == profile or not profile]
    if profile and profile not in known and not mine:
        raise not_known("profile", profile, known)
    listed = [each for each in mine if all_ or each.state == WAITING]
    cards = gathered(board)
    if as_json:
        print_json([proposal_data(each, cards.get(each.id, "")) for each in listed])
    else:
        coming = {name: card for name, card in cards.items() if board.cards[card].status != DONE}
        echo(proposals_text(listed, coming, clock.now()), nl=False)


def _show_proposals(proposals: Sequence[Proposal], as_json: bool) -> None:
    from gitkanban.views.memory import proposal_data, proposal_text

    if as_json:
        print_json([proposal_data(each, "") for each in proposals])
    else:
        echo("\n".join(proposal_text(each) for each in proposals), nl=False)


def _decide_all(
    place: Place,
    board: Board,
    verb: str,
    proposals: Sequence[Proposal],
    take: str,
    by_hand: bool,
    as_json: bool,
) -> None:
    """Decide on proposals one after the other; one that fails does not stop the others.

    Exits with 1 if any failed.
    """
    from gitkanban.cli.app import os_error

    done: list[dict[str, object]] = []
    failed: list[tuple[str, GitkanbanError]] = []
    for proposal in proposals:
        try:
            files = _decide_one(place, board, verb, proposal, take=take, by_hand=by_hand)
            state = ACCEPTED if verb == "accept" else REJECTED
            done.append({"id": proposal.id, "state": state, "files": list(files)})
        except GitkanbanError as error:
            failed.append((proposal.id, error))
        except OSError as error:
            failed.append((proposal.id, os_error(error)))
    if as_json:
        print_json({"decided": done, "refused": [_refusal_data(*each) for each in failed]})
    else:
        for row in done:
            written = row["files"]
            wrote = f": {', '.join(written)}" if isinstance(written, list) and written else ""
            say(f"{row['id']} {row['state']}{wrote}")
        for _, why in failed:
            tell_error(why)
            tell(f"  {line}" for line in (why.lines if isinstance(why, Conflict) else ()))
    if failed:
        import click

        raise click.exceptions.Exit(1)


def _refusal_data(name: str, why: GitkanbanError) -> dict[str, object]:
    lines = list(why.lines) if isinstance(why, Conflict) else []
    return {"id": name, "why": why.message, "hint": why.hint, "conflicts": lines}


def _decide_one(
    place: Place, board: Board, verb: str, proposal: Proposal, take: str, by_hand: bool
) -> tuple[str, ...]:
    from gitkanban.runs.memory import applying, proposals
    from gitkanban.runs.memory import homes as memory
    from gitkanban.runs.memory.proposals import Home
    from gitkanban.runs.supervision.locks import Locks

    locks = Locks(place.private)
    if verb == "reject" or by_hand:
        proposals.put_aside(
            place.private, locks, proposal, REJECTED if verb == "reject" else ACCEPTED
        )
        return ()
    workers = board.config.workers if board.config else {}
    mine = [worker for _, worker in sorted(workers.items()) if worker.profile == proposal.profile]
    homes = [home for worker in mine if (home := memory.home_of(worker))]
    home = homes[0] if homes else Home("", ())
    return applying.accept(place.private, locks, proposal, home, take=take)
