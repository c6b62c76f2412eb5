"""Mails in single files, mbox files, Maildirs and folders, each one once and not all in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.mailbox.sources import LARGEST, mails

MAIL = b"From: a@x.example\nSubject: one\n\nhello\n"


def names(*paths: Path) -> list[str]:
    return [Path(source.file).name for source in mails(list(paths))]


def test_a_single_file_is_one_mail(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(MAIL)
    (source,) = mails([tmp_path / "one.eml"])
    assert (source.file, source.raw) == (str(tmp_path / "one.eml"), MAIL)


def test_an_mbox_holds_several_and_gives_back_what_was_quoted(tmp_path: Path) -> None:
    path = tmp_path / "bounces.mbox"
    second = b"Subject: two\n\n>From here on\n>>From there\nFrom the middle\n\nFrom a new paragraph\n"
    path.write_bytes(b"From daemon Tue Jan  5\n" + MAIL + b"\nFrom daemon Tue Jan  5\n" + second)
    found = list(mails([path]))
    assert [source.file for source in found] == [f"{path}:1", f"{path}:2"]
    assert found[0].raw.startswith(MAIL)
    assert b"\nFrom here on\n>From there\nFrom the middle\n\nFrom a new paragraph" in found[1].raw


@pytest.mark.parametrize("name", ["one.eml", "one"])
def test_one_mail_with_the_line_of_an_mbox_keeps_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"From daemon Tue Jan  5\n" + MAIL)
    (source,) = mails([path])
    assert source.file == str(path)


def test_a_maildir_is_read_from_new_and_cur_and_not_from_tmp(tmp_path: Path) -> None:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}-1").write_bytes(MAIL)
    assert names(tmp_path) == ["new-1", "cur-1"]


def test_a_folder_is_read_in_the_order_of_its_names_with_the_folders_in_it(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("c.eml", "a.eml", "b/1.eml", ".hidden"):
        (tmp_path / name).write_bytes(MAIL)
    assert names(tmp_path) == ["a.eml", "1.eml", "c.eml"]


def test_a_mail_of_any_size_is_read_from_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "huge.eml").write_bytes(MAIL + b"x" * (LARGEST + 10))
    (tmp_path / "huge.mbox").write_bytes(b"From x\n" + MAIL + b"x\n" * LARGEST + b"\nFrom x Tue\n" + MAIL)
    sizes = [len(source.raw) for source in mails([tmp_path])]
    assert len(sizes) == 3
    assert max(sizes) <= LARGEST + 10


@pytest.mark.parametrize("empty", [b"", b"\n", b"From \n"])
def test_an_empty_file_is_no_reason_to_stop(tmp_path: Path, empty: bytes) -> None:
    (tmp_path / "empty").write_bytes(empty)
    assert len(list(mails([tmp_path]))) <= 1


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.eml cannot be read"):
        list(mails([tmp_path / "nowhere.eml"]))
