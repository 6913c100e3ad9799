"""Findings of a review as lines for people, as JSON data, and as GitHub annotations."""

from collections.abc import Sequence

from gitkanban.core.review.rules import ERROR, Finding
from gitkanban.typed import Any
from gitkanban.views.text import coloured, plural, shown


def findings_text(findings: Sequence[Finding], colour: bool = False) -> str:
    """Return a line for each finding, its hint below it, and a last line that counts them."""
    lines = []
    for each in findings:
        where = ":".join(str(part) for part in (shown(each.file), each.line, each.column) if part)
        word = coloured(each.severity, "red" if each.severity == ERROR else "yellow", colour)
        lines.append(f"{where}: {word}: {shown(each.message)} [{each.rule}]")
        if each.hint:
            lines.append(f"    {shown(each.hint)}")
    return "".join(f"{line}\n" for line in [*lines, counted(findings)])


def counted(findings: Sequence[Finding]) -> str:
    """Return `2 errors, 1 warning`, or say that nothing is wrong."""
    errors = sum(each.severity == ERROR for each in findings)
    warnings = len(findings) - errors
    parts = [plural(errors, "error")] if errors else []
    parts += [plural(warnings, "warning")] if warnings else []
    return ", ".join(parts) or "nothing found"


def findings_data(findings: Sequence[Finding], rev: str, base: str) -> dict[str, Any]:
    """Return the data of `check --format json`."""
    keys = ("rule", "severity", "file", "line", "column", "message", "hint")
    return {
        "rev": rev,
        "base": base,
        "errors": sum(each.severity == ERROR for each in findings),
        "warnings": sum(each.severity != ERROR for each in findings),
        "findings": [{key: getattr(each, key) for key in keys} for each in findings],
    }


def findings_github(findings: Sequence[Finding]) -> str:
    """Return GitHub workflow commands, one line for each finding.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    lines = []
    for each in findings:
        fields = {"file": each.file, "line": each.line, "col": each.column, "title": each.rule}
        where = ",".join(f"{name}={_escape_property(str(v))}" for name, v in fields.items() if v)
        text = "\n".join(part for part in (each.message, each.hint) if part)
        lines.append(f"::{each.severity} {where}::{_escape_message(text)}\n")
    return "".join(lines)


def _escape_message(text: str) -> str:
    lines = (shown(line) for line in text.replace("\r", "").split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _escape_property(text: str) -> str:
    return _escape_message(text).replace(":", "%3A").replace(",", "%2C")
