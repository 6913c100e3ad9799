"""The page as one self-contained HTML file, or as the shell of a live one: no markup but our own.

A file makes no requests: its content security policy allows exactly this style and these scripts,
by their hashes, and nothing else. What people wrote is text in a JSON block, or escaped by the
template.
"""

import base64
from collections.abc import Mapping, Sequence
from importlib import resources

from gitkanban import __version__
from gitkanban.late import hashlib
from gitkanban.typed import Any
from gitkanban.views.page.value import json_text

GENERATOR = '<meta name="generator" content="gitkanban'  # marks a file as one of our pages
_SOURCE_MAP = "//# sourceMappingURL="
# One script, in this order; the last one begins.
_SCRIPTS = ("dom", "cards", "sections", "graph", "timechart", "drawer", "page")


def page_html(value: Mapping[str, Any]) -> str:
    """Return the HTML file around a value made by `value.page_value`."""
    cards = [dict(zip(value["keys"], row, strict=True)) for row in value["cards"]]
    return _render_page((*_SCRIPTS, "boot"), "", value=value, cards=cards)[0]


def live_html() -> tuple[str, str]:
    """Return (shell, policy) of the page that is kept up to date: it has no board in it.

    It asks the server that it came from, and nobody else. The policy is for a header, which alone
    can keep the page out of frames.
    """
    html, policy = _render_page(
        (*_SCRIPTS, "acting", "live"), "connect-src 'self'", value=None, cards=()
    )
    return html, f"{policy}; frame-ancestors 'none'"


def _render_page(
    scripts: Sequence[str], allowed: str, value: Mapping[str, Any] | None, cards: Sequence[object]
) -> tuple[str, str]:
    """Return (HTML, content security policy). `allowed` is what the policy allows besides."""
    from jinja2 import Environment  # late: only a page needs it
    from markupsafe import Markup

    style = _read_asset("style.css")
    parts = "".join(_read_asset(f"{name}.js") for name in scripts)
    script = f'(() => {{\n"use strict";\n{parts}}})();\n'
    library = (
        f"/*!\n{_read_asset('dagre.LICENSE')}*/\n{_without_source_map(_read_asset('dagre.min.js'))}"
    )
    rules = (
        "default-src 'none'",
        f"script-src {_hash_of(library)} {_hash_of(script)}",
        f"style-src {_hash_of(style)}",
        allowed,
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    )
    policy = "; ".join(filter(None, rules))
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        _read_asset("template.html.j2")
    )
    html = template.render(
        value=value,
        cards=cards,
        generator=f"gitkanban {__version__}",
        policy=policy,
        style=Markup(style),  # our own files
        library=Markup(library),
        script=Markup(script),
        data=Markup(json_text(value)) if value else "",  # in which no tag begins
    )
    return html, policy


def _read_asset(name: str) -> str:
    text = resources.files("gitkanban.views.page").joinpath("assets", name)
    return text.read_text(encoding="utf-8")


def _without_source_map(script: str) -> str:
    """Return the script without its last line, which makes developer tools ask for another file."""
    return "\n".join(line for line in script.split("\n") if not line.startswith(_SOURCE_MAP))


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
