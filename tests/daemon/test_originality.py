"""A copy of the database, or an older state of it, sends nothing by itself."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.app import originality
from engine.app.desk import Desk
from engine.store import meta, runs, watches, whereabouts
from engine.store.database import open_database
from engine.store.types import to_microseconds
from tests.acceptance.conftest import laid_out
from tests.builders import NOW
from tests.postgresql import administer, with_database

OpenDesk = Callable[[str], Desk]


@pytest.fixture
def open_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenDesk]:
    """Opens the one workspace on any database."""
    folder = laid_out(tmp_path / "workspace")
    opened: list[Desk] = []

    def open_on(url: str) -> Desk:
        monkeypatch.setenv("TOUCHBASE_DATABASE_URL", url)
        opened.append(Desk.open(folder.root))
        return opened[-1]

    yield open_on
    for desk in opened:
        desk.close()


@pytest.fixture
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Copies a database that nobody has open, as `cp` or `createdb --template` would."""
    made: list[str] = []

    def copied(url: str) -> str:
        if url.startswith("sqlite"):
            shutil.copy(url.removeprefix("sqlite:///"), tmp_path / "copy.db")
            return f"sqlite:///{tmp_path / 'copy.db'}"
        server, name = request.getfixturevalue("postgres_server"), f"touchbase_copy_{secrets.token_hex(6)}"
        administer(server, f"CREATE DATABASE {name} TEMPLATE {url.rpartition('/')[2].partition('?')[0]}")
        made.append(name)
        return with_database(server, name)

    yield copied
    for name in made:
        administer(request.getfixturevalue("postgres_server"), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize(
    ("kept", "found", "same"),
    [
        ("file 7 /a/t.db", "file 7 /a/t.db", True),
        ("file 7 /a/t.db", "file 7 /b/t.db", True),
        ("file 7 /a/t.db", "file 8 /a/t.db", False),
        ("file 0 /a/t.db", "file 0 /a/t.db", True),
        ("file 0 /a/t.db", "file 8 /a/t.db", True),
        ("file 7 /a/t.db", "file 0 /b/t.db", False),
        ("file 7 /a b/t.db", "file 0 /a b/t.db", True),
        ("postgresql 7 5", "postgresql 7 5", True),
        ("postgresql 7 5", "postgresql 7 6", False),
        ("postgresql 7 5", "file 7 5", False),
    ],
    ids=str,
)
def test_what_is_the_same_place(kept: str, found: str, same: bool) -> None:
    assert whereabouts.is_same(kept, found) is same


MOUNTS = """\
22 1 259:2 / / rw,relatime - ext4 /dev/nvme0n1p2 rw
30 22 0:41 / /mnt/shared\\040folder rw - fuse.grpcfuse grpcfuse rw
31 30 0:42 / /mnt/shared\\040folder/disk rw shared:7 - xfs /dev/sdb rw
"""


@pytest.mark.parametrize(
    ("file", "steady"),
    [("/data/t.db", True), ("/mnt/shared folder/t.db", False), ("/mnt/shared folder/disk/t.db", True)],
)
def test_a_files_number_is_believed_where_it_lasts(tmp_path: Path, file: str, steady: bool) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS, encoding="utf-8")
    assert whereabouts.is_steady(Path(file), tmp_path / "mountinfo") is steady


def test_the_first_time_and_ever_after_it_is_the_original(open_desk: OpenDesk, database_url: str) -> None:
    for _ in range(3):
        desk = open_desk(database_url)
        assert (originality.doubt(desk), originality.note(desk)) == ("", "")
        desk.close()
    assert originality.accept(open_desk(database_url)) == originality.Accepted("")


def test_a_copy_is_known_and_the_original_does_not_mind(
    open_desk: OpenDesk, database_url: str, copy: Callable[[str], str]
) -> None:
    desk = open_desk(database_url)
    originality.note(desk)
    desk.close()
    copied = open_desk(copy(database_url))
    assert originality.doubt(copied).startswith("this database is a copy: letters left from ")
    assert originality.note(copied) == originality.doubt(copied), "and nothing makes it forget that"
    assert originality.accept(copied).was
    assert (originality.doubt(copied), originality.note(copied)) == ("", "")
    assert originality.note(open_desk(database_url)) == ""


def test_a_copy_that_may_send_begins_anew(
    open_desk: OpenDesk, database_url: str, copy: Callable[[str], str]
) -> None:
    desk = open_desk(database_url)
    originality.note(desk)
    with desk.database.write() as connection:
        number = runs.get_or_create(connection, "digest", "2026-11", as_of=NOW, now=NOW)[0].id
        runs.change(connection, number, runs.PLANNING, runs.READY, NOW)
        watches.keep(connection, [watches.Watch("digest", NOW, None, "", NOW)])
    desk.close()
    copied = open_desk(copy(database_url))
    assert originality.accept(copied).paused == (number,)
    with copied.database.read() as connection:
        found = runs.get(connection, number)
        assert found is not None
        assert (found.state, found.reason) == (runs.PAUSED, originality.CAME_ALONG)
        assert watches.every(connection) == {}


def test_yesterdays_file_in_its_old_place_is_known(tmp_path: Path, open_desk: OpenDesk) -> None:
    path = tmp_path / "touchbase.db"
    open_database(f"sqlite:///{path}").close()
    desk = open_desk(f"sqlite:///{path}")
    originality.note(desk)
    desk.close()
    yesterday = path.read_bytes()
    desk = open_desk(f"sqlite:///{path}")
    originality.note(desk)
    desk.close()
    # `cp backup.db touchbase.db` writes into the old file: its number stays.
    path.write_bytes(yesterday)
    desk = open_desk(f"sqlite:///{path}")
    assert originality.doubt(desk).startswith(
        "this database is an older state of itself: it knows of letters until "
    )
    originality.accept(desk)
    assert originality.note(desk) == ""


def test_a_file_that_took_the_place_of_the_original_is_known(tmp_path: Path, open_desk: OpenDesk) -> None:
    path = tmp_path / "touchbase.db"
    open_database(f"sqlite:///{path}").close()
    assert whereabouts.is_steady(path), "or this machine cannot tell"
    desk = open_desk(f"sqlite:///{path}")
    originality.note(desk)
    desk.close()
    shutil.copy(path, tmp_path / "backup.db")
    (tmp_path / "backup.db").replace(path)
    assert "this database is a copy" in originality.doubt(open_desk(f"sqlite:///{path}"))


def test_a_workspace_that_was_moved_is_the_original(tmp_path: Path, open_desk: OpenDesk) -> None:
    (tmp_path / "here").mkdir()
    path = tmp_path / "here" / "touchbase.db"
    open_database(f"sqlite:///{path}").close()
    desk = open_desk(f"sqlite:///{path}")
    originality.note(desk)
    desk.close()
    (tmp_path / "here").rename(tmp_path / "there")
    for _ in range(2):
        desk = open_desk(f"sqlite:///{tmp_path / 'there' / 'touchbase.db'}")
        assert originality.note(desk) == ""
        desk.close()


def test_a_cluster_that_went_back_in_time_is_known_by_what_the_workspace_remembers(
    open_desk: OpenDesk, postgres_url: str
) -> None:
    desk = open_desk(postgres_url)
    originality.note(desk)
    with desk.database.read() as connection:
        before = whereabouts.mark(connection)
    originality.note(desk)
    assert before is not None
    with desk.database.write() as connection:
        meta.put(connection, whereabouts.MARK, str(to_microseconds(before)))
    assert "an older state of itself" in originality.doubt(desk)
