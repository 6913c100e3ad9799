"""A line as a shell splits it, and what its last word may be."""

import pytest

from gitkanban.cli.completion.grammar import COMMANDS
from gitkanban.cli.completion.line import at_cursor, split_line
from gitkanban.core.model import STATUSES
from gitkanban.core.transitions import OFFERED, VERBS, offered
from tests import completion_grammar


@pytest.mark.parametrize(
    ("line", "words", "word"),
    [
        ("", [], ""),
        ("gitkanban ", ["gitkanban"], ""),
        ("gitkanban sh", ["gitkanban"], "sh"),
        ("a  b\tc ", ["a", "b", "c"], ""),
        ("a 'b c' d", ["a", "b c"], "d"),
        ('a "b \\" c" ', ["a", 'b " c'], ""),
        ("a b\\ c", ["a"], "b c"),
        ("a 'b c", ["a"], "b c"),
        ("a ''", ["a"], ""),
        ("a --x='y z", ["a"], "--x=y z"),
        ("a \\", ["a"], ""),
    ],
)
def test_a_line_is_split_as_a_shell_does(line: str, words: list[str], word: str) -> None:
    assert split_line(line)[:2] == (words, word)


def what(line: str) -> object:
    """The kind that is wanted; else the first names of the options; else None."""
    words, word, _ = split_line(line)
    asked = at_cursor(words, word)
    if asked.kind is None and asked.options:
        return [names[-1] for names, *_ in asked.options]
    return asked.kind


ANY = f"card {' '.join(STATUSES)}"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("gitkanban ", "verb"),
        ("./bin/gitkanban st", "verb"),
        ("sudo gitkanban ", "verb"),
        ("kanban ", "verb"),
        ("gk ", "verb"),  # an alias: whatever it is, the verb comes next
        ("gitkanban help ", "verb"),
        ("gitkanban help add ", None),
        ("gitkanban nonsense ", None),
        ("gitkanban show ", ANY),
        ("gitkanban show T1 --json", ["--json"]),
        ("gitkanban accept T1 T2 ", "card review"),
        ("gitkanban add title --worker ", "worker"),
        ("gitkanban add -w ", "worker"),
        ("gitkanban add --worker=c", "worker"),
        ("gitkanban add --worker coder -p ", ANY),
        ("gitkanban add --priority ", ""),
        ("gitkanban add --from ", "file"),
        ("gitkanban status --color ", ("auto", "always", "never")),
        ("gitkanban status --watch --at ", "rev"),
        ("gitkanban status --json=", None),
        ("gitkanban show -- ", ANY),
        ("gitkanban accept -- -", "card review"),
        ("gitkanban workers ", ("add", "set")),
        ("gitkanban mv ", ANY),
        ("gitkanban workers set coder ", "setting"),
        ("gitkanban logs T1 --run ", "run"),
    ],
)
def test_what_a_word_may_be(line: str, kind: object) -> None:
    found = what(line)
    if isinstance(kind, list):
        assert isinstance(found, list) and set(kind) <= set(found)
    else:
        assert found == kind


def test_an_option_is_offered_once_unless_it_may_be_repeated() -> None:
    found = what("gitkanban add --worker=a --id b --label c -")
    assert isinstance(found, list)
    assert "--label" in found and "--help" in found
    assert not {"--worker", "--id"} & set(found)


@pytest.mark.parametrize("line", ["-b plan ", "--branch plan ", "--branch=plan ", "-bplan "])
def test_the_branch_that_is_named_has_the_board(line: str) -> None:
    words, word, _ = split_line(f"gitkanban edit {line}")
    assert at_cursor(words, word).board == "plan"


def test_the_grammar_is_that_of_the_commands() -> None:
    wrong = "run: python -m tests.commands_page"
    assert completion_grammar.MODULE.read_text(encoding="utf-8") == completion_grammar.module(), (
        wrong
    )


def test_a_verb_is_offered_only_cards_that_it_may_move() -> None:
    for name, verb in VERBS.items():
        assert set(offered(name)) <= set(verb.sources)
    assert set(OFFERED) <= set(COMMANDS)
    assert offered("accept") == ("review",) and offered("retry") == ("blocked",)
