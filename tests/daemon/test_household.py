"""What each job does, in a workspace that stays open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from engine import clock
from engine.app import originality
from engine.app.household import Household
from engine.app.verbs import App
from engine.model.job import Outcome
from engine.store import meta, tables, whereabouts, workers
from tests.acceptance.conftest import Desk, laid_out

RETENTION = "retention: { heard: 1 year }\n"


@pytest.fixture
def folder(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("TOUCHBASE_DATABASE_URL", database_url)
    return laid_out(tmp_path / "workspace")


@pytest.fixture
def household(folder: Desk) -> Iterator[Household]:
    made = App.open(folder.root).household()
    made.duty.sign_on()
    assert made.duty.lead(["heartbeat"])
    yield made
    made.close()


def test_with_nothing_to_do_no_job_has_anything_to_tell(household: Household) -> None:
    for act in (
        household.follow_files,
        household.take_back,
        household.reconcile,
        household.watch_calendars,
        household.send,
        household.hear,
        household.retire,
        household.beat,
    ):
        assert act() == Outcome(), act


def test_feeds_are_looked_at_when_their_time_has_come_and_failures_told(
    folder: Desk, household: Household
) -> None:
    assert household.poll_feeds() == Outcome("1 read")
    assert household.poll_feeds() == Outcome(), "not again so soon"
    folder.edit("config/feeds.yaml", "feeds:\n", "feeds:\n  broken: { url: config/broken.xml }\n")
    folder.write("config/broken.xml", "no feed at all")
    household.follow_files()
    outcome = household.poll_feeds()
    assert outcome.trouble.startswith("broken: ")


def test_edited_files_are_taken_over_and_the_web_part_follows(folder: Desk, household: Household) -> None:
    folder.edit("config/project.yaml", "Reading Room Ltd", "Another Name")
    assert household.follow_files().did.startswith("files taken over at ")
    company = household.reception.desk.workspace.project.company
    assert company is not None
    assert company.name == "Another Name"


def test_a_word_from_outside_looks_at_files_that_nobody_edited(household: Household) -> None:
    household.edited.set()
    assert household.follow_files().did.startswith("files taken over at ")
    assert household.follow_files() == Outcome()


def test_what_is_kept_no_longer_goes(folder: Desk, household: Household) -> None:
    now = clock.now()
    row = {"provider": "p", "news": "opened", "at": now, "effect": "noted"}
    old = now - timedelta(days=400)
    with household.duty.database.write() as connection:
        connection.execute(
            insert(tables.heard),
            [{**row, "identity": str(n), "received_at": at} for n, at in enumerate((old, old, now))],
        )
    assert household.retire() == Outcome(), "kept for ever unless somebody says otherwise"
    folder.edit("config/project.yaml", "project: reading-room\n", f"project: reading-room\n{RETENTION}")
    household.follow_files()
    assert household.retire() == Outcome("2 heard deleted")
    with household.duty.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(tables.heard)).scalar_one() == 1


def test_the_workspaces_mailbox_is_read(folder: Desk, household: Household) -> None:
    for name in ("cur", "new", "tmp"):
        (folder.root / "mail" / name).mkdir(parents=True)
    (folder.root / "mail" / "new" / "1").write_bytes(
        b"From: a@b.example\r\nSubject: Hello\r\n\r\nA person's answer.\r\n"
    )
    folder.edit(
        "config/project.yaml",
        "project: reading-room\n",
        "project: reading-room\nmailbox: { maildir: mail }\n",
    )
    household.follow_files()
    assert household.hear().did == "1 heard by mail"
    assert household.hear() == Outcome()


def test_who_was_taken_for_dead_signs_on_anew(household: Household) -> None:
    database = household.duty.database
    with database.write() as connection:
        connection.execute(tables.workers.delete())
    assert household.beat() == Outcome()
    with database.read() as connection:
        assert [one.role for one in workers.present(connection, database.path)] == [workers.DAEMON]


def test_nothing_is_done_by_itself_on_a_copy(household: Household) -> None:
    database = household.duty.database
    assert originality.note(household.keeper.desk()) == ""
    with database.write() as connection:
        meta.put(connection, whereabouts.PLACE, "file 1 /elsewhere/touchbase.db")
    for act in (household.watch_calendars, household.send, household.reconcile):
        assert act().trouble.endswith(originality.REMEDY), act


def test_an_address_that_is_taken_is_told_until_it_is_free(household: Household) -> None:
    household.web_trouble = "127.0.0.1:8025 cannot be listened on"
    assert household.beat() == Outcome(trouble="127.0.0.1:8025 cannot be listened on")
    household.web_trouble = ""
    assert household.beat() == Outcome()
