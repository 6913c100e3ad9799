"""Shortening of long texts; every cut says how much was left out."""


def one_line(text: str) -> str:
    """Join the lines of a text with blanks, for places that have room for one line."""
    return " ".join(filter(None, (line.strip() for line in text.splitlines())))


def cut(text: str, most: int) -> str:
    """Return the text, or its first `most` characters and a line that says how many are missing."""
    if len(text) <= most:
        return text
    return f"{text[:most].rstrip()}\n[cut: {len(text) - most} more characters]\n"


def cut_bytes(text: str, most: int) -> str:
    """Like `cut`, with `most` in bytes of UTF-8."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) <= most:
        return text
    return cut(text, len(data[:most].decode("utf-8", "ignore")))


def cut_head(text: str, most: int) -> str:
    """Return the text, or its last `most` characters after a line that counts the missing ones."""
    if len(text) <= most:
        return text
    return f"[cut: {len(text) - most} characters before this]\n{text[-most:].lstrip()}"


def cut_lines(text: str, most: int) -> str:
    """Drop empty lines, and all lines after the first `most`, whose number the last line says."""
    lines = [line for line in text.splitlines() if line.strip()]
    rest = len(lines) - most
    return "\n".join([*lines[:most], *([f"[cut: {rest} more lines]"] if rest > 0 else [])])
