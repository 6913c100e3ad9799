"""Pages of boards that are written as lines, as `page` would make them, without git."""

from typing import Any

from gitkanban.cli.quick import live
from gitkanban.core.model import Board
from gitkanban.core.tick.facts import Observed
from gitkanban.views.page.value import PageContent
from gitkanban.views.summary import summary
from tests.support.boards import NOW

# Texts that want to be markup, script, style, or to steer what is around them.
HOSTILE = (
    "<script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>",
    "</ScRiPt ><svg onload=\"document.title='owned'\">",
    "<!--<script>",
    "--><script>document.title='owned'</script>",
    "]]><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<svg><script>document.title='owned'</script></svg>",
    "<svg><animate onbegin=\"document.title='owned'\" attributeName=x dur=1s>",
    "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\">",
    "<a href=\"javascript:document.title='owned'\">x</a>",
    "javascript:document.title='owned'",
    "<body onload=\"document.title='owned'\">",
    "<details open ontoggle=\"document.title='owned'\">",
    "<style>*{display:none}</style>",
    "</style><script>document.title='owned'</script>",
    "<link rel=stylesheet href=//example.org/x.css>",
    "<meta http-equiv=refresh content='0;url=//example.org'>",
    "<base href=//example.org/>",
    "<form action=//example.org><input name=x autofocus onfocus=\"document.title='owned'\">",
    "<template><img src=x onerror=\"document.title='owned'\"></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=document.title='owned'>\">",
    "<math><mtext></mtext><script>document.title='owned'</script></math>",
    "<object data=//example.org>", "<embed src=//example.org>", "<video><source onerror=alert(1)>",
    "{{ 7*7 }}", "{% raw %}", "${7*7}", "#{7*7}", "<%= 7*7 %>",
    "\u2028document.title='owned'\u2029", "\u202egnp.exe", "\u2066\u2067bidi\u2069",
    "\\u003cscript>", "\\", "'\"`", "&lt;script&gt;&amp;", "\x00\x1b[31m\x7f", "\ud800", "\U000e0041",
    "__proto__", "constructor", "url(//example.org)", "expression(alert(1))", "😀" * 50, "a" * 5000,
)  # fmt: skip


def content_of(board: Board, now: int = NOW, **more: Any) -> PageContent:
    """The content of a page of that board, on which nobody works."""
    rows = summary(board, Observed(now, "", ""))
    beside = dict.fromkeys(("slots_dir", "main", "private", "prefix"), "")
    status = live(rows | beside | {"repository": "shop"})
    return PageContent(status, board, now, **more)
