"""Opening a database: made whole, checked before it is trusted, never replaced."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.errors import StoreCorrupt, StoreError, StoreLocked
from engine.store import failures
from engine.store.database import Database, open_database
from tests.postgresql import administer, with_database


def opened(path: Path) -> Database:
    return open_database(f"sqlite:///{path}")


def put(database: Database, key: str, value: str) -> None:
    with database.write() as connection:
        connection.execute(text("INSERT INTO meta VALUES (:key, :value)"), {"key": key, "value": value})


def value_of(database: Database, key: str) -> str | None:
    with database.read() as connection:
        return connection.execute(text("SELECT value FROM meta WHERE key = :key"), {"key": key}).scalar()


def test_what_was_written_is_there_after_opening_again(database_url: str) -> None:
    with open_database(database_url) as database:
        put(database, "note", "kept")
    with open_database(database_url) as database:
        assert value_of(database, "note") == "kept"
        assert len(value_of(database, "install_id") or "") == 32


def test_a_transaction_that_raises_leaves_nothing_behind(database: Database) -> None:
    def stop_half_way() -> None:
        with database.write() as connection:
            connection.execute(text("INSERT INTO meta VALUES ('half', 'done')"))
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        stop_half_way()
    assert value_of(database, "half") is None


def test_reading_sees_one_moment_and_cannot_write(database: Database) -> None:
    with database.read() as connection:
        before = connection.execute(text("SELECT count(*) FROM meta")).scalar()
        put(database, "meanwhile", "written by another")
        assert connection.execute(text("SELECT count(*) FROM meta")).scalar() == before
    with pytest.raises(StoreError), database.read() as connection:
        connection.execute(text("INSERT INTO meta VALUES ('read', 'only')"))
    put(database, "after", "written")
    assert value_of(database, "after") == "written"


def test_after_a_sweep_reading_still_cannot_write(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as database:
        assert value_of(database, "install_id")
        assert database.sweep()
        with pytest.raises(StoreError), database.read() as connection:
            connection.execute(text("INSERT INTO meta VALUES ('read', 'only')"))


def test_a_database_of_smaller_pages_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    opened(path).close()
    with sqlite3.connect(path, isolation_level=None) as plain:
        assert plain.execute("PRAGMA page_size").fetchone() == (8192,)
        for statement in ("journal_mode = DELETE", "page_size = 4096"):
            plain.execute(f"PRAGMA {statement}")
        plain.execute("VACUUM")
        plain.execute("PRAGMA journal_mode = WAL")
    plain.close()
    with opened(path) as database:
        put(database, "note", "kept")
        with database.read() as connection:
            assert connection.execute(text("PRAGMA page_size")).scalar() == 4096


def test_sqlite_keeps_every_commit_and_lets_readers_read(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as database, database.read() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_a_relative_address_counts_from_the_workspace(tmp_path: Path) -> None:
    open_database("sqlite:///data/a.db", root=tmp_path).close()
    assert (tmp_path / "data" / "a.db").is_file()


def test_nothing_is_made_where_nothing_should_be_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database"):
        open_database("sqlite:///a.db", root=tmp_path, create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"name,email\nAda,ada@example.org\n", "not a Touchbase database"),
        (b"SQLite format 3\x00", "not a Touchbase database"),
    ],
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match=said) as caught:
        opened(path)
    assert caught.value.help
    assert path.read_bytes() == content


def test_an_emptied_file_beside_its_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()
    (tmp_path / "a.db-wal").write_bytes(b"x" * 4096)
    with pytest.raises(StoreCorrupt, match="is empty"):
        opened(path)
    path.unlink()
    with pytest.raises(StoreCorrupt, match=r"missing, but its journal a\.db-wal"):
        opened(path)
    assert not path.exists()


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    opened(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreCorrupt, match="cut short"):
        opened(path)


def test_flipped_bytes_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with opened(path) as database:
        for number in range(2000):
            put(database, f"key-{number}", "some words that take room " * 4) if number % 500 == 0 else None
        with database.write() as connection:
            connection.execute(
                text("INSERT INTO meta VALUES (:key, :value)"),
                [{"key": f"row-{number}", "value": "some words " * 20} for number in range(2000)],
            )
    content = bytearray(path.read_bytes())
    for start in range(len(content) // 2, len(content) - 4096, 4096):
        content[start : start + 64] = b"\xff" * 64
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match="damaged"):
        opened(path)
    assert path.read_bytes() == bytes(content)


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE customers (id INTEGER)")
    other.close()
    with pytest.raises(StoreError, match="not Touchbase's"):
        opened(path)


@pytest.mark.postgres
def test_somebody_elses_postgresql_tables_are_refused(postgres_server: str, postgres_url: str) -> None:
    from sqlalchemy.engine import make_url

    name = f"{make_url(postgres_url).database}_other"
    administer(postgres_server, f"CREATE DATABASE {name}")
    other = with_database(postgres_server, name)
    try:
        administer(other, "CREATE TABLE customers (id integer)")
        with pytest.raises(StoreError, match="tables of something else: customers"):
            open_database(other)
        with pytest.raises(StoreError, match="holds no Touchbase tables"):
            open_database(other, create=False)
    finally:
        administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


def test_an_older_program_refuses_newer_tables(database_url: str) -> None:
    with open_database(database_url) as database, database.write() as connection:
        connection.execute(text("UPDATE touchbase_version SET version_num = '9999'"))
    with pytest.raises(StoreCorrupt, match="newer Touchbase"):
        open_database(database_url)


def test_a_writer_waits_for_another_and_then_says_so(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database_url.startswith("postgresql"):
        pytest.skip("PostgreSQL locks rows, not the database")
    path = database_url.removeprefix("sqlite:///")
    monkeypatch.setattr(failures, "LOCK_SECONDS", 0.2)
    with opened(Path(path)) as database:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with database.read() as connection:
            connection.connection.driver_connection.execute("PRAGMA busy_timeout = 100")  # type: ignore[union-attr]
        with pytest.raises(StoreLocked, match="in use by another writer") as caught:
            put(database, "late", "never")
        other.execute("ROLLBACK")
        other.close()
        assert "let it finish" in caught.value.help
        put(database, "late", "but there")


def test_threads_of_one_program_take_turns(database: Database) -> None:
    def count_up() -> None:
        for _ in range(20):
            with database.write() as connection:
                update = "UPDATE meta SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE key = 'n'"
                connection.execute(text(update))

    put(database, "n", "0")
    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value_of(database, "n") == "80"


def open_and_tell(url: str, start: object, results: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    try:
        with open_database(url) as database:
            results.put(value_of(database, "install_id"))  # type: ignore[attr-defined]
    except Exception as error:
        results.put(repr(error))  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_two_programs_that_open_a_new_database_at_once_make_one(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    if kind == "postgresql":
        server = request.getfixturevalue("postgres_server")
        name = f"touchbase_new_{tmp_path.name.lower().translate({ord('-'): '_'})[-30:]}"
        administer(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        administer(server, f"CREATE DATABASE {name}")
        request.addfinalizer(lambda: administer(server, f"DROP DATABASE {name} WITH (FORCE)"))
        url = with_database(server, name)
    context = multiprocessing.get_context("spawn")
    start, results = context.Event(), context.Queue()
    programs = [context.Process(target=open_and_tell, args=(url, start, results)) for _ in range(3)]
    for program in programs:
        program.start()
    start.set()
    told = {results.get(timeout=60) for _ in programs}
    for program in programs:
        program.join()
    assert len(told) == 1
    assert len(told.pop()) == 32


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://root@localhost/touchbase", "no address at all"]
)
def test_an_address_we_cannot_use_says_what_to_write(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_database(url)
    assert "sqlite:///touchbase.db" in caught.value.help


@pytest.mark.postgres
def test_an_unreachable_server_is_named_without_its_password() -> None:
    with pytest.raises(StoreError) as caught:
        open_database("postgresql://ada:hunter2secret@127.0.0.1:1/touchbase")
    assert "127.0.0.1" in str(caught.value)
    assert "hunter2secret" not in f"{caught.value}{caught.value.help}{caught.value.__cause__}"


@pytest.mark.postgres
def test_a_lost_connection_is_said_and_the_next_one_works(postgres_server: str, postgres_url: str) -> None:
    with open_database(postgres_url) as database:

        def write_while_the_server_stops() -> None:
            with database.write() as connection:
                mine = connection.execute(text("SELECT pg_backend_pid()")).scalar()
                administer(postgres_server, f"SELECT pg_terminate_backend({mine})")
                connection.execute(text("SELECT 1"))

        with pytest.raises(StoreError, match="was lost"):
            write_while_the_server_stops()
        assert value_of(database, "install_id")
