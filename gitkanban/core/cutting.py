"""Long texts shortened, with the size of the cut announced where it was made."""


def one_line(text: str) -> str:
    """The text with its lines behind each other, for where one line must do for it."""
    return " ".join(filter(None, (line.strip() for line in text.splitlines())))


def cut(text: str, most: int) -> str:
    """The text, or its first `most` characters."""
    if len(text) <= most:
        return text
    return f"{text[:most].rstrip()}\n[cut: {len(text) - most} more characters]\n"


def cut_bytes(text: str, most: int) -> str:
    """The text, or as much of its beginning as `most` bytes of UTF-8 hold."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) <= most:
        return text
    return cut(text, len(data[:most].decode("utf-8", "ignore")))


def cut_head(text: str, most: int) -> str:
    """The text, or its last `most` characters."""
    if len(text) <= most:
        return text
    return f"[cut: {len(text) - most} characters before this]\n{text[-most:].lstrip()}"


def cut_lines(text: str, most: int) -> str:
    """The text without its empty lines, or the first `most` of the others."""
    lines = [line for line in text.splitlines() if line.strip()]
    rest = len(lines) - most
    return "\n".join([*lines[:most], *([f"[cut: {rest} more lines]"] if rest > 0 else [])])
