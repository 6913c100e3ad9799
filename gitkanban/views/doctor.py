"""The result of a check-up: what is wrong, what would repair it, what is left to a person."""

from collections.abc import Mapping, Sequence

from gitkanban.core.symptom import ERROR, INFO, Symptom, would
from gitkanban.typed import Any
from gitkanban.views.text import shown

_WORDS = {ERROR: "error", INFO: "note"}

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


def doctor_text(listed: Sequence[Symptom], mended: Mended) -> str:
    """Return a paragraph for each symptom, and a last line that counts them."""
    if not listed:
        return "nothing is wrong\n"
    parts = ["\n".join(_symptom_lines(each, mended)) for each in listed]
    return "\n".join([*parts, "", _count_line(listed, mended)]) + "\n"


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
