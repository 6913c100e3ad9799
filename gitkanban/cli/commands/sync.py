"""`gitkanban sync`: merge the board with a remote's."""

from gitkanban.cli import declare
from gitkanban.cli.here import json_option, place_here, print_json, refuse_in_session, say, tell


@declare.command("sync")
@declare.option(
    "--remote",
    default="",
    metavar="NAME",
    help="The remote; by default the branch's own, or origin.",
)
@declare.option("--cards", is_flag=True, help="Also push the branches of cards.")
@json_option
def sync_command(remote: str, cards: bool, as_json: bool) -> None:
    """Fetch the board's branch, merge it field by field, and push; never by force.

    Base and the branches of cards come and go with it (see docs/hosts.md). A remote that cannot be
    reached is only a warning. True conflicts are listed, and then nothing is changed. From cron,
    use `gitkanban tick --sync`.
    """
    from gitkanban.board.repo.remotes import Offline
    from gitkanban.board.sharing.link import remote_of
    from gitkanban.tick.remote import sync_by_hand

    refuse_in_session("sync")
    place = place_here()
    name = remote_of(place, remote)
    try:
        done = sync_by_hand(place, name, cards)
    except Offline as offline:
        tell([f"Warning: {offline.message}"])
        if as_json:
            print_json({"remote": name, "offline": True})
        return
    tell(done.notices)
    if as_json:
        print_json({
            "remote": name, "offline": False, "commit": done.commit,
            "pulled": done.pulled, "pushed": done.pushed,
        })  # fmt: skip
        return
    moves = [word for word, did in (("pulled", done.pulled), ("pushed", done.pushed)) if did]
    say(f"{place.branch} and {name}: {' and '.join(moves) or 'up to date'}")
