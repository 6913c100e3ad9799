"""What `doctor` prints: whole lines for programs, lines that wrap around commands for people."""

from gitkanban.core.symptom import WARNING, Symptom
from gitkanban.views.doctor import doctor_text

LONG = Symptom(
    WARNING,
    "a-code",
    "/w/T1",
    "the worktree of a card was put aside by somebody",
    advice="Save what you need; then `git worktree remove --force /w/T1` has git forget it.",
)
COUNT = "1 thing is wrong"


def test_for_programs_a_line_stays_whole() -> None:
    assert doctor_text([LONG], {}).splitlines() == [
        "warning: the worktree of a card was put aside by somebody [a-code]",
        f"  {LONG.advice}",
        "",
        COUNT,
    ]


def test_on_a_terminal_lines_wrap_and_a_command_stays_in_one_piece() -> None:
    assert doctor_text([LONG], {}, 45).splitlines() == [
        "warning: the worktree of a card was put aside",
        "  by somebody [a-code]",
        "  Save what you need; then",
        "  `git worktree remove --force /w/T1` has git",
        "  forget it.",
        "",
        COUNT,
    ]


def test_a_command_longer_than_the_terminal_stays_whole_and_a_lone_tick_joins_nothing() -> None:
    command = "`git -C /home/somebody/shop.worktrees/a-card worktree remove --force`"
    long = LONG._replace(text="it's ` odd in a few words", advice=f"Then {command} ends it.")
    assert doctor_text([long], {}, 30).splitlines()[:-2] == [
        "warning: it's ` odd in a few",
        "  words [a-code]",
        "  Then",
        f"  {command}",
        "  ends it.",
    ]
