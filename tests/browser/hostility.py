"""What a hostile text would have done to a page, if it were more than text."""

from collections.abc import Sequence

from tests.browser.driving import Browser

# What no text may have brought about: a script that ran, an element or an attribute that we do not
# make, a link that leads away.
_INTRUDERS = """
const ours = new Set(arguments[0]);
const found = window.owned === undefined ? [] : ['a script ran'];
for (const element of document.querySelectorAll('*')) {
  if (!ours.has(element.localName)) found.push(`<${element.localName}>`);
  for (const { name, value } of element.attributes) {
    if (/^on|^style$|^src/.test(name)) found.push(`${element.localName} ${name}=${value}`);
    if (/href$/.test(name) && !/^#/.test(value)) found.push(`${element.localName} ${name}=${value}`);
  }
}
if ($$('script').length !== arguments[1]) found.push('a script');
return found;
"""
_READ_CARDS = """
const read = [];
for (const name of arguments[0]) {
  const there = new Promise((go) => addEventListener('hashchange', go, { once: true }));
  location.hash = name;
  await there;
  if (text('#drawer .id') !== name) throw Error(`${text('#drawer .id')} instead of ${name}`);
  const unfolded = $$('#drawer details').filter((each) => !each.open)
    .map((each) => new Promise((go) => each.addEventListener('toggle', go, { once: true })));
  $$('#drawer details').forEach((each) => each.open = true);
  await Promise.all(unfolded);
  read.push($('#drawer').textContent);
}
return read;
"""
_OUR_ELEMENTS = [
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "div",
    "noscript",
    "script",
    "a",
    "header",
    "h1",
    "h2",
    "h3",
    "span",
    "time",
    "input",
    "textarea",
    "kbd",
    "select",
    "option",
    "button",
    "main",
    "dl",
    "dt",
    "dd",
    "progress",
    "ul",
    "ol",
    "li",
    "b",
    "bdi",
    "p",
    "section",
    "svg",
    "path",
    "circle",
    "rect",
    "text",
    "g",
    "line",
    "defs",
    "marker",
    "label",
    "details",
    "summary",
    "code",
    "form",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "meter",
    "textarea",
    "dialog",
    "pre",
]


def intruders(browser: Browser, scripts: int = 3) -> list[str]:
    """What of the page is not ours; `scripts` is how many of our own it has."""
    return list(browser.ask(_INTRUDERS, _OUR_ELEMENTS, scripts))


def assert_nothing_intrudes(browser: Browser, address: str, scripts: int = 3) -> None:
    """The page asked nobody but its address, complains of nothing, and consists of our elements."""
    assert intruders(browser, scripts) == []
    assert [each for each in browser.requests() if not each.startswith(address)] == []
    assert browser.errors() == []


def read_cards(browser: Browser, names: Sequence[str]) -> list[str]:
    """Open one card after the other, with everything unfolded; all that can be read of each."""
    return list(browser.ask_later(_READ_CARDS, names))
