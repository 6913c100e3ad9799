"""The lines of a crontab that make a board go on by itself."""

from shlex import quote


def crontab_lines(program: str, folder: str, home: str) -> tuple[str, str]:
    """Return the lines that tick each minute and clean up once a night.

    `program` is how a shell starts gitkanban, quoted where it must be; `folder` is the path of the
    clone. Paths below `home` are written from `~`.
    """
    enter = f"cd {_short_path(folder, home)} && {_short_path(program, home, quoted=True)}"
    enter = enter.replace("%", r"\%")  # a bare one ends the command, crontab(5)
    return f"* * * * *  {enter} tick", f"17 4 * * * {enter} gc >/dev/null"


def _short_path(path: str, home: str, quoted: bool = False) -> str:
    inside = path.removeprefix(f"{home}/") if home not in ("", "/") else path
    rest = inside if quoted else quote(inside)
    return rest if inside == path else f"~/{rest}"
