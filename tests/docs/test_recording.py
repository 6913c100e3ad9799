"""The picture in README.md shows what the demo prints."""

import re
from xml.etree import ElementTree

from tests import recording


def test_the_picture_shows_what_the_demo_prints_now() -> None:
    shown = recording.read_picture(recording.PICTURE.read_text(encoding="utf-8"))
    now = recording.frames_of(recording.record_demo())
    settled = [[recording.settle(frame) for frame in frames] for frames in (shown, now)]
    assert settled[0] == settled[1], "run: python -m tests.recording"


def test_a_drawn_page_reads_as_it_was_printed() -> None:
    frames = ["$ a  b\n \x1b[32m●\x1b[0m T1 <&> \x1b[1m1\x1b[0m of 5\n\n|\\", "$ last"]
    shown = recording.read_picture(recording.draw(frames))
    assert shown == ["$ a  b\n ● T1 <&> 1 of 5\n\n|\\", "$ last"]


def test_the_picture_is_light_and_asks_for_nothing_from_elsewhere() -> None:
    svg = recording.PICTURE.read_text(encoding="utf-8")
    ElementTree.fromstring(svg)
    assert len(svg) < 20_000
    assert re.findall(r"https?://[^\"']+", svg) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|<image|@import|url\(|\bon\w+=", svg)
