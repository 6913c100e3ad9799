"""`gitkanban web`: the board as a page on this machine's own address, live, with the verbs."""

from gitkanban.cli import declare
from gitkanban.cli.here import place_here, refuse_in_session
from gitkanban.errors import NotFound


@declare.command("web")
@declare.option(
    "--port", type=declare.int_range(0, 65535), default=0, metavar="N",
    help="Listen on this port; default: any free one.",
)  # fmt: skip
@declare.option("--open", "open_", is_flag=True, help="Open it in a browser.")
@declare.option("--read-only", is_flag=True, help="Show the board, and let nobody act.")
def web_command(port: int, open_: bool, read_only: bool) -> int:
    """Serve the page of the board on this machine alone, live, until ^C.

    It shows what `page` shows, follows the logs of running sessions, and acts: a button does what
    the command of the same name does. Only the address that it prints lets anybody in. It can be
    reached from this machine alone; `ssh -L` brings it to another.
    """
    refuse_in_session("web")
    place = place_here()
    require_server()
    from gitkanban.web.running import serve_board

    return serve_board(place, port, open_=open_, read_only=read_only)


def require_server() -> None:
    """Raise NotFound, with what to install, if there is no library to serve with."""
    try:
        import gitkanban.web.running  # noqa: F401
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("gitkanban"):
            raise
        raise NotFound(
            f"web needs {error.name}, which is not installed",
            "`pipx inject gitkanban uvicorn`, or install gitkanban[web]; `gitkanban page` needs neither.",
        ) from None
