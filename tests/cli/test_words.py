"""Words written in the editor: at a terminal, where an act has none;
nothing that was written is lost.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.calls import call, ok, work_one_card
from tests.conftest import git
from tests.support.terminal import ROOT, Terminal

CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    w:
      command: [sh, -c, "printf 'one\\\\ntwo\\\\n' > made; git add made; git commit -qm made"]
"""


@pytest.fixture
def repo(repo: Path, tmp_path: Path) -> Path:
    """A board with T1 in review and T2 in the backlog."""
    work_one_card(repo, tmp_path / "config.yaml", CONFIG)
    ok(repo, "add", "second", "--id", "T2", "--backlog")
    return repo


def card(repo: Path, name: str = "T1") -> dict[str, str]:
    found: dict[str, str] = json.loads(ok(repo, "show", name, "--json"))
    return found


def notes(repo: Path, name: str = "T1") -> list[tuple[str, str]]:
    return [(each["kind"], each["text"]) for each in card(repo, name)["notes"]]  # type: ignore[index]


def edits(repo: Path) -> list[str]:
    folder = repo / ".git" / "gitkanban" / "edits"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@contextmanager
def at_terminal(repo: Path, *words: str, editor: str = "", **env: str) -> Iterator[Terminal]:
    """The command at a terminal; `editor` is the shell's lines for the file `$1`,
    kept as `$HOME/seen`.
    """
    script = Path(os.environ["HOME"]) / "editor.sh"
    script.write_text(f'#!/bin/sh\ncp "$1" "$HOME/seen"\n{editor}\n')
    script.chmod(0o755)
    with Terminal(repo, *words, **{"EDITOR": str(script), "NO_COLOR": "1", **env}) as seat:
        yield seat


def seen() -> str:
    return (Path(os.environ["HOME"]) / "seen").read_text()


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["reject", "T1"], "reject"),
        (["note", "T1"], "note"),
        (["block", "T2"], "why"),
        (["retry", "T2"], "retry"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_words_come_from_the_editor(repo: Path, words: list[str], kind: str) -> None:
    name = words[-1]
    if kind == "retry":
        ok(repo, "block", "T2", "--why", "which port?")
    with at_terminal(
        repo, *words, editor='printf "# mine\\nand more\\n" | cat - "$1" > x; cp x "$1"'
    ) as seat:
        assert seat.end() == 0, seat.text
    said = "# mine\nand more"
    assert card(repo, name)["why"] == said if kind == "why" else notes(repo, name) == [(kind, said)]
    assert seen().startswith("\n# ---") and name in seen() and edits(repo) == []
    assert ("which port?" in seen()) == (kind == "retry")
    assert ("+two\n" in seen()) == (kind == "reject")


def test_words_under_a_line_of_the_work_name_it(repo: Path) -> None:
    with at_terminal(
        repo, "reject", "T1", "--no-tick", editor="sed -i 's/^+two/&\\n- why two?/' \"$1\""
    ) as seat:
        assert seat.end() == 0, seat.text
    assert notes(repo) == [("reject", "made:2: - why two?")]
    assert card(repo)["status"] == "todo"
    assert "made:2: - why two?" in ok(repo, "show", "T1", "--prompt")


@pytest.mark.parametrize("words", [["reject", "T1"], ["note", "T1"], ["block", "T2"]], ids=" ".join)
def test_an_empty_text_does_nothing(repo: Path, words: list[str]) -> None:
    tip = git(repo, "rev-parse", "main")
    with at_terminal(repo, *words) as seat:
        assert seat.end() == 1
        assert "Error: nothing was written, so" in seat.text and "Hint: " in seat.text
    with at_terminal(repo, *words, editor='rm "$1"') as seat:
        assert seat.end() == 1 and "nothing was written" in seat.text
    assert git(repo, "rev-parse", "main") == tip and edits(repo) == []


def test_a_card_runs_again_without_words_where_that_is_said(repo: Path) -> None:
    ok(repo, "block", "T2", "--why", "which port?")
    with at_terminal(repo, "retry", "T2") as seat:
        assert (
            seat.end() == 1
            and "`gitkanban retry T2 --no-edit` retries without an answer" in seat.text
        )
    with at_terminal(repo, "retry", "T2", "--no-edit", EDITOR="false") as seat:
        assert seat.end() == 0 and "T2 blocked → todo" in seat.text
    done = call(repo, "retry", "T2", "--no-edit", "--why", "x")
    assert done.code == 2 and "not both" in done.err


@pytest.mark.parametrize("editor", ["no-such-editor", "false"])
def test_an_editor_that_is_missing_or_fails_does_nothing(repo: Path, editor: str) -> None:
    tip = git(repo, "rev-parse", "main")
    with at_terminal(repo, "reject", "T1", EDITOR=editor) as seat:
        assert seat.end() == 1
        assert seat.text.startswith("Error: the editor ") and seat.text.count("\n") == 2, seat.text
    assert git(repo, "rev-parse", "main") == tip and edits(repo) == []


def test_what_was_written_before_the_editor_failed_is_kept(repo: Path) -> None:
    with at_terminal(repo, "reject", "T1", editor='echo words > "$1"; exit 1') as seat:
        assert seat.end() == 1 and "edits/reject-T1.diff" in seat.text.replace("\n", "")
    assert "reject-T1.diff" in edits(repo)


def test_words_for_an_act_that_is_refused_are_kept_and_taken_from_there(repo: Path) -> None:
    meanwhile = f"cd {repo} && git kanban-twin done T1 >&2"
    twin = Path(os.environ["HOME"]) / "git-kanban-twin"

    twin.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m gitkanban "$@"\n')
    twin.chmod(0o755)
    path = f"{twin.parent}:{os.environ['PATH']}"
    editor = f'(echo mine; cat "$1") > $HOME/x; cp $HOME/x "$1"; {meanwhile}'
    with at_terminal(repo, "reject", "T1", editor=editor, PATH=path) as seat:
        assert seat.end() == 1
        said = seat.text.replace("\n", "")
    kept = repo / ".git" / "gitkanban" / "edits" / "reject-T1.diff"
    assert "T1 is done; cannot reject it" in said
    assert f"Your text is saved; go on with `gitkanban reject T1 --file {kept}`" in said
    assert kept.read_text() == "mine\n"
    ok(repo, "undo", git(repo, "rev-parse", "main"))
    ok(repo, "reject", "T1", "--file", str(kept))
    assert notes(repo) == [("reject", "mine")]


def test_a_card_that_the_verb_is_not_for_is_refused_before_the_editor_opens(repo: Path) -> None:
    with at_terminal(repo, "reject", "T2", editor="touch $HOME/opened") as seat:
        assert seat.end() == 1 and "T2 is backlog; cannot reject it" in seat.text
    assert not (Path(os.environ["HOME"]) / "opened").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["reject", "T1"], "reject needs a reason"),
        (["block", "T2"], "block needs a reason"),
        (["note", "T1"], "an empty note"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_without_a_terminal_words_are_asked_for_as_ever(
    repo: Path, words: list[str], said: str
) -> None:
    done = call(repo, *words, EDITOR="touch opened; false")
    assert done.code == 2 and f"Error: {said}" in done.err and "Hint: " in done.err
    assert not (repo / "opened").exists()
    with at_terminal(repo, *words, TERM="dumb") as seat:
        assert seat.end() == 2 and said in seat.text


def test_words_may_come_from_a_file(repo: Path) -> None:
    ok(repo, "block", "T2", "--file", "-", stdin="first\nsecond\n")
    assert card(repo, "T2")["why"] == "first\nsecond"
    ok(repo, "retry", "T2", "--file", "-", stdin="here\n")
    assert notes(repo, "T2") == [("retry", "here")]
    assert call(repo, "reject", "T1", "--file", "-", "--why", "x", stdin="y").code == 2
