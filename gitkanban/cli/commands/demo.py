"""`gitkanban demo`: the example board, worked to its end in a throw-away repository."""

import os
import shutil
import sys
import tempfile
import time
from contextlib import chdir, suppress
from pathlib import Path

from gitkanban import clock
from gitkanban.board.repo import git
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.here import say, tell
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import colour_wanted
from gitkanban.core.model import Board, Run
from gitkanban.errors import GitkanbanError, UsageError
from gitkanban.late import subprocess
from gitkanban.runs.supervision import kernel
from gitkanban.typed import Any
from gitkanban.views.text import shown_lines

SILENCE_MOST = 120  # seconds in which nothing new comes on the board; a session takes a few
GRACE = 15.0  # seconds that sessions have to end when the demo is interrupted
LOOK = 0.2  # seconds between looks at the board


@declare.command("demo")
@declare.option(
    "--keep", default=None, metavar="DIR", help="Make it in DIR, and leave it for you to explore."
)
@declare.option("--own-branch", is_flag=True, help="Keep the board on a branch of its own.")
@declare.option("--open", "open_", is_flag=True, help="Watch it in a browser, too, until ^C.")
def demo_command(keep: str | None, own_branch: bool, open_: bool) -> None:
    """Watch a small board at work: five cards, three workers, real worktrees and sessions.

    A small shell script stands in for the agent. It takes about ten seconds.
    """
    if keep and Path(keep).exists() and any(Path(keep).iterdir()):
        raise UsageError(f"{keep} is not empty", "Name a folder that does not exist yet.")
    if open_:
        from gitkanban.cli.commands.web import require_server

        require_server()
    home = Path(keep) if keep else Path(tempfile.mkdtemp(prefix="gitkanban-demo-"))
    repo = home.resolve() / "messages"
    place = viewer = None
    kernel.set_subreaper(True)  # processes that sessions or supervisors leave become our children
    try:
        place = _make_demo_board(repo, own_branch)
        viewer = _open_viewer(repo) if open_ else None
        _run_demo(repo, place)
        _look_back(repo, place, keep)
        if viewer and _wait_for_viewer(viewer):
            raise SystemExit(1)  # it has said why there is no page
    finally:
        if viewer:
            _end_viewer(viewer)  # first: it is a child of ours, as what sessions leave is
        if place:
            _end_everything(place)
        if not keep:
            shutil.rmtree(home, ignore_errors=True)


def _make_demo_board(repo: Path, own_branch: bool) -> Place:
    """Make a small repository with the example board, and trust its commands."""
    from gitkanban.board import init, store
    from gitkanban.runs import trust

    example = example_board()
    repo.mkdir(parents=True)
    shutil.copytree(example / "demo", repo / "demo")
    (repo / "README.md").write_text("# messages\n", encoding="utf-8")
    where = str(repo)
    git.run(where, "init", "--quiet", "--initial-branch=main")
    if git.run(where, "config", "user.email", check=False).code:
        git.run(where, "config", "user.name", "gitkanban demo")
        git.run(where, "config", "user.email", "demo@example.invalid")
    git.run(where, "add", "--all")
    git.run(where, "commit", "--quiet", "--message", "start")
    cards = {
        f"cards/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted((example / "cards").glob("*.yaml"))
    }
    config = (example / "config.yaml").read_text(encoding="utf-8")
    branch = "kanban" if own_branch else ""
    place = init.create(where, branch=branch, config=config, files=cards)
    board = store.read(place)
    if board.config is None:
        raise GitkanbanError("the example board cannot be read", "Install gitkanban again.")
    trust.record(place, board.config)
    say(f"a repository with a board of {len(cards)} cards: {repo}")
    echo()
    return place


def example_board() -> Path:
    """Return the folder of the example board: in the package, or beside it in a checkout.

    Raises GitkanbanError if it is missing.
    """
    package = Path(__file__).resolve().parents[2]
    for folder in (package / "example", package.parent / ".kanban-example"):
        if (folder / "config.yaml").exists():
            return folder
    raise GitkanbanError("the example board is missing", "Install gitkanban again.")


def _open_viewer(repo: Path) -> "subprocess.Popen[bytes]":
    """Serve the board and show it in a browser; ^C at our terminal is for us alone."""
    argv = [sys.executable, "-m", "gitkanban", "web", "--open"]
    return subprocess.Popen(argv, cwd=repo, stdin=subprocess.DEVNULL, start_new_session=True)


def _wait_for_viewer(viewer: "subprocess.Popen[bytes]") -> int:
    """Wait for ^C, which gives 0, or for its end, which gives its exit code.

    It ends at once where there is no browser.
    """
    with suppress(KeyboardInterrupt):
        if viewer.poll() is None:
            say("The page in the browser stays until ^C.")
        return viewer.wait()
    return 0


def _end_viewer(viewer: "subprocess.Popen[bytes]") -> None:
    viewer.terminate()
    try:
        viewer.wait(GRACE)
    except subprocess.TimeoutExpired:
        viewer.kill()
        viewer.wait()


def _run_demo(repo: Path, place: Place) -> None:
    """Tick once, then show what changes: each session that ends starts what it frees."""
    from gitkanban.tick.rounds import tick
    from gitkanban.views.outcome import outcome_text

    begun = changed = time.monotonic()
    echo("$ gitkanban tick")
    outcome = tick(place)
    echo(outcome_text(outcome, verbose=False), nl=False)
    tell(outcome.errors)
    shown = ""
    while True:
        data, page = _demo_page(place)
        if page != shown:
            shown, changed = page, time.monotonic()
            echo(f"\n$ gitkanban status            # after {time.monotonic() - begun:.0f} s")
            echo(page, nl=False, color=colour_wanted())
        states = {card["status"] for card in data["cards"]}
        if states == {"done"}:
            return
        if "blocked" in states or time.monotonic() - changed > SILENCE_MOST:
            raise GitkanbanError(
                "the demo board did not finish",
                f"Look around in {repo}; --keep DIR leaves it there.",
            )
        time.sleep(LOOK)


def _demo_page(place: Place) -> tuple[dict[str, Any], str]:
    from gitkanban.board import store
    from gitkanban.board.content import status_cache
    from gitkanban.board.repo.clone import clone_id, host
    from gitkanban.cli.quick import live
    from gitkanban.cli.terminal import look_here
    from gitkanban.core.tick.facts import Observed
    from gitkanban.runs.records.machines import machine_key
    from gitkanban.views.status import status_text
    from gitkanban.views.summary import summary

    board = store.read(place)
    # Without observing: every lock that git takes for a moment would make a new page.
    here = Observed(int(clock.now()), host(), clone_id(place), machine=machine_key())
    rows = summary(board, here)
    rows |= {**status_cache.beside(place), "main": ""}
    data = live(rows)
    for card in data["cards"]:
        card["started"] = card["since"] = ""  # ages would make every look a new page
    data["board"]["commit"] = board.commit
    data["ticked"], data["causes"] = "", []
    return data, status_text(data, clock.now(), look_here())


def _look_back(repo: Path, place: Place, keep: str | None) -> None:
    """Show the history of the board and the branches, and say where to look."""
    from gitkanban.board import store

    board = store.read(place)
    tour = [
        ["log", "--oneline", "--no-decorate", "--reverse", place.branch],
        ["log", "--graph", "--oneline", "--no-decorate", "--all", "--", "src", "tests", "docs"],
        ["worktree", "list"],
    ]
    for words in tour if not keep else tour[:1]:
        echo(f"\n$ git {' '.join(words)}")
        echo(shown_lines(git.run(str(repo), *words).text))
    echo(f"\nAll {len(board.cards)} cards are done; {_at_once(place, board)}.")
    if keep:
        say(f"Explore: cd {repo}")
        if place.prefix:
            echo("  git log main                        the board's story, and the work")
        else:
            echo(f"  git log {place.branch:<28}the board's story")
            echo("  git log main                        the work")
        echo("  git branch --list 'card/*'          the branch of each card")
        echo("  gitkanban show T1; gitkanban logs T1")
        say(f"The board as a page, for any browser: {_write_page(repo, place)}")
        echo("  gitkanban page --open               opens one of the board as it is then")
    else:
        echo("Run it again with --keep DIR to explore the repository.")


def _write_page(repo: Path, place: Place) -> Path:
    """Write the page of the board beside the repository, where it makes no change;
    return its path.
    """
    from gitkanban import files
    from gitkanban.cli.boardpage import content_now
    from gitkanban.views.page.html import page_html
    from gitkanban.views.page.value import page_value

    path = repo.with_name(f"{repo.name}-board.html")
    with chdir(repo):
        text = page_html(page_value(content_now(place)))
    files.replace(str(path), text.encode("utf-8", "replace"))
    return path


def _at_once(place: Place, board: Board) -> str:
    """Return the most sessions that ran at one moment, from the run records, in words."""
    from gitkanban.board import store

    runs = [run for card in board.cards for run in store.history(place, board, card).runs_of(card)]
    most = max(runs, key=lambda each: sum(_runs_at(run, each.started) for run in runs))
    together = sorted(run.card for run in runs if _runs_at(run, most.started))
    return f"at most {len(together)} at once: {', '.join(together)}"


def _runs_at(run: Run, moment: int) -> bool:
    return run.started <= moment < run.ended


def _end_everything(place: Place) -> None:
    """Stop all sessions and wait for our processes to end, so that the folder can be removed."""
    from gitkanban.runs.executors import Executors
    from gitkanban.runs.supervision.locks import Locks

    locks = Locks(place.private)
    executors = Executors(place, locks)
    lock = locks.take("tick", wait=GRACE)  # nothing new starts
    until = time.monotonic() + GRACE
    while time.monotonic() < until:
        live = executors.alive()
        for folder in live:
            executors.of(folder).stop(folder, "the demo is over")
        if not live and not _has_children():
            break
        time.sleep(LOOK)
    if lock:
        lock.close()


def _has_children() -> bool:
    """Return whether a process of ours is left: a supervisor, or the standby that it became."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True
