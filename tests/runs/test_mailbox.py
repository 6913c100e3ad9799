"""The mailbox of a run is a stranger's folder: what lies in it is read by descriptor,
and bounded.
"""

import os
from pathlib import Path

import pytest

from gitkanban.core.tick.facts import Letter
from gitkanban.core.tick.letters import LETTERS_MOST
from gitkanban.runs import mailbox
from gitkanban.runs.mailbox import Mail
from gitkanban.runs.records.folders import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "run" / "mailbox").mkdir(parents=True)
    return Folder(str(tmp_path / "run"))


def name(number: int) -> str:
    return f"{number:020}"


def test_letters_come_in_the_order_in_which_they_were_sent(folder: Folder) -> None:
    for number in (2, 1, 3):
        mailbox.send(folder, Letter(name(number), "note", "T0", f"note {number}"))
    mail = mailbox.receive(folder)
    assert [each.text for each in mail.letters] == ["note 1", "note 2", "note 3"]
    mailbox.remove(folder, (f"{name(1)}.json", f"{name(9)}.json"))
    assert [each.text for each in mailbox.receive(folder).letters] == ["note 2", "note 3"]


def test_links_folders_pipes_and_giants_are_no_letters(folder: Folder, tmp_path: Path) -> None:
    box = Path(folder.file("mailbox"))
    secret = tmp_path / "secret"
    secret.write_text('{"kind": "note", "text": "secret"}')
    (box / f"{name(1)}.json").symlink_to(secret)
    (box / f"{name(2)}.json").mkdir()
    os.mkfifo(box / f"{name(3)}.json")
    with (box / f"{name(4)}.json").open("wb") as file:
        file.truncate(1 << 30)
    (box / "notes.json").write_text("{}")
    (box / f".{name(5)}.json").write_text("{}")
    mail = mailbox.receive(folder)
    assert mail.letters == ()
    assert [name for name, _ in mail.bad] == [f"{name(n)}.json" for n in (1, 2, 3, 4)]
    mailbox.remove(folder, tuple(name for name, _ in mail.bad))
    assert secret.exists()


def test_ten_thousand_letters_are_read_a_part_at_a_time(folder: Folder) -> None:
    box = Path(folder.file("mailbox"))
    for number in range(10_000):
        (box / f"{name(number)}.json").write_text('{"kind": "note", "text": "x"}')
    mail = mailbox.receive(folder)
    assert [each.id for each in mail.letters] == [name(n) for n in range(LETTERS_MOST)]


def test_a_mailbox_that_is_a_link_or_gone_is_empty(folder: Folder, tmp_path: Path) -> None:
    box = Path(folder.file("mailbox"))
    mailbox.send(folder, Letter(name(1), "note", "T0", "x"))
    box.rename(tmp_path / "elsewhere")
    assert mailbox.receive(folder) == Mail()
    box.symlink_to(tmp_path / "elsewhere")
    assert mailbox.receive(folder) == Mail()
    mailbox.remove(folder, (f"{name(1)}.json",))
    assert len(os.listdir(tmp_path / "elsewhere")) == 1
