"""The result of a check-up: what is wrong, what would repair it, what is left to a person."""

from collections.abc import Mapping, Sequence

from gitkanban.core.symptom import ERROR, INFO, Symptom, would
from gitkanban.late import re
from gitkanban.typed import Any
from gitkanban.views.text import shown, wrapped

_WORDS = {ERROR: "error", INFO: "note"}

_CODE = re.compile("`[^`]+`")
_GLUE = "\ue000"  # for a space of a command, while its line is wrapped: one column, and private
Mended = Mapping[Symptom, str]  # {repair that was tried: why it failed, or empty}


def doctor_data(listed: Sequence[Symptom], mended: Mended, left: Sequence[Symptom]) -> Any:
    """Return the data of `doctor --json`."""
    rows = [
        {
            "severity": each.severity,
            "code": each.code,
            "subject": each.subject,
            "text": each.text,
            "advice": each.advice,
            "repair": would(each),
            "repaired": mended.get(each) == "",
            "why_not": mended.get(each, ""),
        }
        for each in listed
    ]
    return {"ok": not left, "symptoms": rows}


def doctor_text(listed: Sequence[Symptom], mended: Mended, columns: int = 0) -> str:
    """Return a paragraph for each symptom, and a last line that counts them.

    Lines wrap at `columns`, but for commands, which people copy; 0: they do not wrap.
    """
    if not listed:
        return "nothing is wrong\n"
    lines = [line for each in listed for line in _symptom_lines(each, mended)]
    lines += ["", _count_line(listed, mended)]
    if columns:
        lines = [part for line in lines for part in _wrap_around_code(line, columns)]
    return "\n".join(lines) + "\n"


def _wrap_around_code(line: str, columns: int) -> list[str]:
    glued = _CODE.sub(lambda code: code[0].replace(" ", _GLUE), line)
    indent = "  " if line.startswith("  ") else ""
    lines = wrapped(glued, columns, indent, "  ", breaks=False)
    return [each.replace(_GLUE, " ") for each in lines]


def _symptom_lines(each: Symptom, mended: Mended) -> list[str]:
    word = _WORDS.get(each.severity, each.severity)
    lines = [f"{word}: {shown(each.text)} [{each.code}]"]
    if each in mended:
        why = mended[each]
        lines.append(f"  not repaired: {shown(why)}" if why else "  repaired")
    elif each.repair:
        lines.append(f"  --fix would {shown(would(each))}")
    if each.advice and mended.get(each) != "":
        lines.append(f"  {shown(each.advice)}")
    return lines


def _count_line(listed: Sequence[Symptom], mended: Mended) -> str:
    wrong = [each for each in listed if each.severity != INFO and mended.get(each) != ""]
    done = sum(why == "" for why in mended.values())
    fixable = sum(bool(each.repair) and each not in mended for each in listed)
    parts = [f"{done} repaired"] if done else []
    parts.append(f"{_things_are(len(wrong))} wrong" if wrong else "nothing is wrong")
    if fixable:
        parts.append(f"`gitkanban doctor --fix` repairs {fixable} without losing anything")
    return "; ".join(parts)


def _things_are(count: int) -> str:
    return "1 thing is" if count == 1 else f"{count} things are"
