"""The lines of a crontab, read as cron and its shell read them."""

import shlex

import pytest

from gitkanban.views.crontab import crontab_lines


@pytest.mark.parametrize(
    ("program", "folder", "words"),
    [
        ("/home/ada/.local/bin/gitkanban", "/home/ada/shop", ["cd", "~/shop", "&&", "~/.local/bin/gitkanban"]),
        ("/usr/bin/gitkanban", "/srv/shop", ["cd", "/srv/shop", "&&", "/usr/bin/gitkanban"]),
        ("'/opt/my py/python' -P -m gitkanban", "/srv/100% ours", ["cd", "/srv/100% ours", "&&", "/opt/my py/python", "-P", "-m", "gitkanban"]),
        ("/home/adam/gitkanban", "/home/ada", ["cd", "/home/ada", "&&", "/home/adam/gitkanban"]),
    ],
)  # fmt: skip
def test_a_shell_that_cron_starts_reads_what_is_meant(
    program: str, folder: str, words: list[str]
) -> None:
    tick, clean = crontab_lines(program, folder, "/home/ada")
    assert _read_as_cron(tick) == [*words, "tick"]
    assert _read_as_cron(clean) == [*words, "gc", ">/dev/null"]


def _read_as_cron(line: str) -> list[str]:
    """The words of the command: after the times, up to a bare `%`, crontab(5)."""
    command = line.split(maxsplit=5)[5]
    plain, _, input_lines = command.replace(r"\%", "\0").partition("%")
    assert not input_lines
    return shlex.split(plain.replace("\0", "%"))
