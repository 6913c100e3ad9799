"""Pages of boards that are written as lines, as `page` would make them, without git."""

from typing import Any

from gitkanban.cli.quick import live
from gitkanban.core.model import Board
from gitkanban.core.situation.figures import NO_FIGURES, Figures
from gitkanban.core.tick.facts import Observed
from gitkanban.views.page.value import PageContent
from gitkanban.views.summary import summary
from tests.support.boards import NOW

# Texts that want to be markup, script, style, or to steer what is around them. A script that runs
# sets `window.owned`.
HOSTILE = (
    "<script>window.owned=1</script>",
    "</script><script>window.owned=1</script>",
    "</ScRiPt ><svg onload=\"window.owned=1\">",
    "<!--<script>",
    "--><script>window.owned=1</script>",
    "]]><script>window.owned=1</script>",
    "<img src=x onerror=\"window.owned=1\">",
    "<svg><script>window.owned=1</script></svg>",
    "<svg><animate onbegin=\"window.owned=1\" attributeName=x dur=1s>",
    "<iframe srcdoc=\"<script>parent.window.owned=1</script>\">",
    "<a href=\"javascript:window.owned=1\">x</a>",
    "javascript:window.owned=1",
    "<body onload=\"window.owned=1\">",
    "<details open ontoggle=\"window.owned=1\">",
    "<style>*{display:none}</style>",
    "</style><script>window.owned=1</script>",
    "<link rel=stylesheet href=//example.org/x.css>",
    "<meta http-equiv=refresh content='0;url=//example.org'>",
    "<base href=//example.org/>",
    "<form action=//example.org><input name=x autofocus onfocus=\"window.owned=1\">",
    "<template><img src=x onerror=\"window.owned=1\"></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=window.owned=1>\">",
    "<math><mtext></mtext><script>window.owned=1</script></math>",
    "<object data=//example.org>", "<embed src=//example.org>", "<video><source onerror=window.owned=1>",
    "{{ 7*7 }}", "{% raw %}", "${7*7}", "#{7*7}", "<%= 7*7 %>",
    "\u2028window.owned=1\u2029", "\u202egnp.exe", "\u2066\u2067bidi\u2069",
    "\\u003cscript>", "\\", "'\"`", "&lt;script&gt;&amp;", "\x00\x1b[31m\x7f", "\ud800", "\U000e0041",
    "__proto__", "constructor", "url(//example.org)", "expression(window.owned=1)", "😀" * 50, "a" * 5000,
)  # fmt: skip


def content_of(
    board: Board,
    now: int = NOW,
    seen: Observed | None = None,
    figures: Figures = NO_FIGURES,
    **more: Any,
) -> PageContent:
    """The content of a page of that board, as it was seen; by default nobody works on it."""
    rows = summary(board, seen or Observed(now, "", ""), figures)
    beside = dict.fromkeys(("slots_dir", "main", "private", "prefix"), "")
    status = live(rows | beside | {"repository": "shop"})
    return PageContent(status, board, now, **more)
