"""Foreign text made visible: control and invisible characters become escapes.

One table serves texts, commit messages and JSON. It imports nothing, because `status` must start
fast.
"""

# Cf, Zl, Zp and the rest of Default_Ignorable_Code_Point of Unicode 16 (DerivedCoreProperties.txt),
# C1, and two letters that are drawn as nothing. They include bidirectional controls
# (CVE-2021-42574), and tags, which can hide whole sentences.
_UNSEEN = (
    (0x7F, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x600, 0x605), (0x61C, 0x61C), (0x6DD, 0x6DD),
    (0x70F, 0x70F), (0x890, 0x891), (0x8E2, 0x8E2), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800),
    (0x3164, 0x3164), (0xD800, 0xDFFF), (0xFE00, 0xFE0D), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB), (0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
_SELECTORS = ("\ufe0e", "\ufe0f")  # they choose text or emoji style for the sign before them


class _Pictures(dict[int, "int | str"]):
    """A table for `str.translate`, from code point to replacement, filled as characters occur."""

    def __missing__(self, code: int) -> "int | str":
        unseen = any(first <= code <= last for first, last in _UNSEEN)
        self[code] = _escape_code(code) if unseen else code
        return self[code]


class _JsonEscapes(_Pictures):
    """The same in JSON notation, where astral characters are two surrogates (RFC 8259)."""

    def __missing__(self, code: int) -> "int | str":
        escape = super().__missing__(code)
        if isinstance(escape, str):
            high, low = 0xD7C0 + (code >> 10), 0xDC00 + (code & 0x3FF)
            escape = f"\\u{code:04x}" if code < 0x10000 else f"\\u{high:04x}\\u{low:04x}"
            self[code] = escape
        return escape


def _escape_code(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00  # a byte of a file name that is not UTF-8
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# C0 controls become their pictures, U+2400 and following.
_LINE = _Pictures({code: chr(0x2400 + code) for code in range(32)} | {0x7F: "\u2421"})
_LINES = _Pictures({code: sign for code, sign in _LINE.items() if code not in (9, 10)})
_JSON = _JsonEscapes()


def shown(text: str) -> str:
    """One line of foreign text with every control and invisible character made visible."""
    if text.isascii() and text.isprintable():
        return text
    return _without_selectors(text.translate(_LINE))


def shown_lines(text: str) -> str:
    """Foreign text of several lines, made visible as by `shown`; newlines and tabs stay."""
    return _without_selectors(text.replace("\r\n", "\n").translate(_LINES))


def safe_json(text: str) -> str:
    """Equivalent JSON text, with escapes for the characters that `shown` would make visible."""
    return text if text.isascii() and "\x7f" not in text else text.translate(_JSON)


def _without_selectors(text: str) -> str:
    """Escape variation selectors, except after signs that have two styles."""
    for selector in _SELECTORS:
        head, *rest = text.split(selector)
        for part in rest:
            head += (selector if _has_two_styles(head[-1:]) else _escape_code(ord(selector))) + part
        text = head
    return text


def _has_two_styles(sign: str) -> bool:
    # The blocks of the signs in emoji-variation-sequences.txt, except the digits of keycaps.
    return bool(sign) and (
        sign in "\xa9\xae\u203c\u2049"
        or "\u2100" <= sign <= "\u2bff"
        or "\u3030" <= sign <= "\u3299"
        or "\U0001f000" <= sign <= "\U0001faff"
    )
