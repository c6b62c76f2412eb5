"""A Maildir as the workspace's mailbox: what was heard is seen, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.mailbox.maildir import MaildirBox

MAIL = b"From: a@x.example\nSubject: one\n\nhello\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("new", "cur", "tmp"):
        (tmp_path / part).mkdir()
    return tmp_path


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.glob("*/*"))


def test_new_and_unseen_mails_are_read_and_seen_afterwards(folder: Path) -> None:
    for name in (
        "new/1.host",
        "cur/2.host:2,",
        "cur/3.host:2,RF",
        "cur/4.host:2,S",
        "tmp/5.host",
        "new/.hidden",
    ):
        (folder / name).write_bytes(MAIL)
    box = MaildirBox(folder)
    found = list(box.mails())
    assert [Path(source.key).name for source in found] == ["1.host", "2.host:2,", "3.host:2,RF"]
    assert files(folder).count("new/1.host") == 1
    box.heard(found)
    assert files(folder) == [
        "cur/1.host:2,S",
        "cur/2.host:2,S",
        "cur/3.host:2,FRS",
        "cur/4.host:2,S",
        "new/.hidden",
        "tmp/5.host",
    ]
    assert list(box.mails()) == []


def test_a_mail_a_mail_program_moved_meanwhile_is_no_reason_to_stop(folder: Path) -> None:
    (folder / "new" / "1").write_bytes(MAIL)
    box = MaildirBox(folder)
    found = list(box.mails())
    (folder / "new" / "1").rename(folder / "cur" / "1:2,")
    box.heard(found)
    assert len(list(box.mails())) == 1


def test_a_folder_that_is_no_maildir_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no Maildir"):
        list(MaildirBox(tmp_path).mails())
