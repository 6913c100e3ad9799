"""Changelog fragments are well formed, and end under the version that is released."""

from datetime import date
from pathlib import Path

import pytest

from tests.changelog import fragments, released, section


def test_the_fragments_here_can_be_released() -> None:
    section(list(fragments()))


def test_entries_are_listed_by_kind(tmp_path: Path) -> None:
    (tmp_path / "b.fixed.md").write_text("`why` names\nthe holder.\n")
    (tmp_path / "a.added.md").write_text("A command.\n")
    text = section(list(fragments(tmp_path)))
    assert text == "### Added\n\n- A command.\n\n### Fixed\n\n- `why` names the holder."


@pytest.mark.parametrize("name", ["why.md", "why.mended.md", "why.fixed.txt"])
def test_a_wrong_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("A sentence.")
    with pytest.raises(ValueError, match="call it"):
        section(list(fragments(tmp_path)))


def test_a_version_goes_above_the_older_ones() -> None:
    page = "# Changelog\n\n## 0.1.0 (2026-11-30)\n\n- First.\n"
    assert released(page, "0.2.0", date(2026, 12, 24), "### Added\n\n- More.") == (
        "# Changelog\n\n## 0.2.0 (2026-12-24)\n\n### Added\n\n- More.\n\n"
        "## 0.1.0 (2026-11-30)\n\n- First.\n"
    )


def test_an_unreleased_section_gets_its_date_and_the_entries() -> None:
    page = "# Changelog\n\n## 0.2.0 (unreleased)\n\nMore.\n\n## 0.1.0 (2026-11-30)\n\n- First.\n"
    assert released(page, "0.2.0", date(2026, 12, 24), "### Fixed\n\n- That.") == (
        "# Changelog\n\n## 0.2.0 (2026-12-24)\n\nMore.\n\n### Fixed\n\n- That.\n\n"
        "## 0.1.0 (2026-11-30)\n\n- First.\n"
    )
