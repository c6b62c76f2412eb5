"""A process that stays works with the last files that were free of errors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.app.desk import Desk
from engine.app.following import follow
from engine.app.keeping import Keeper, Look
from engine.store import pauses, runs
from tests.acceptance.conftest import DIGEST, laid_out
from tests.acceptance.conftest import Desk as Folder


@pytest.fixture
def folder(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("TOUCHBASE_DATABASE_URL", database_url)
    return laid_out(tmp_path / "workspace")


@pytest.fixture
def keeper(folder: Folder) -> Iterator[Keeper]:
    desk = Desk.open(folder.root)
    assert desk.fields is not None
    yield Keeper(desk)
    desk.close()


def subject(keeper: Keeper) -> str:
    return keeper.desk().workspace.campaigns["digest"].content.subject


def test_nothing_is_read_while_nobody_edits(keeper: Keeper) -> None:
    assert keeper.look() is None
    assert keeper.look(again=True) == Look(True)


def test_a_good_edit_counts_from_then_on(folder: Folder, keeper: Keeper) -> None:
    before = keeper.desk()
    folder.edit("campaigns/digest.yaml", "{{ posts | length }} reads", "news")
    assert keeper.look() == Look(True)
    assert subject(keeper).endswith("news")
    assert keeper.desk().database is before.database
    assert before.workspace.campaigns["digest"].content.subject.endswith("reads"), (
        "a job that has begun keeps its own"
    )


def test_a_broken_edit_leaves_all_as_it_was_and_says_where_it_is_broken(
    folder: Folder, keeper: Keeper
) -> None:
    folder.edit("campaigns/digest.yaml", "{{ posts | length }} reads", "news")
    folder.edit("config/segments.yaml", "title: Our two best", "titel: Our two best")
    look = keeper.look()
    assert look is not None
    assert not look.taken
    assert look.why.startswith("config/segments.yaml:9: ")
    assert look.why.endswith("the files as they were before still count")
    assert subject(keeper).endswith("reads"), "all or nothing"
    assert keeper.look() is None
    folder.edit("config/segments.yaml", "titel: Our two best", "title: Our two best")
    assert keeper.look() == Look(True)
    assert keeper.latest == Look(True)
    assert subject(keeper).endswith("news")


def test_a_start_with_a_broken_campaign_leaves_it_out_and_says_so(folder: Folder, keeper: Keeper) -> None:
    folder.edit("campaigns/digest.yaml", "status: active", "status: actve")
    desk = Desk.open(folder.root)
    started = Keeper(desk)
    assert started.latest.why.startswith("campaigns/digest.yaml:3: ")
    assert started.latest.why.endswith("what it concerns is left out until it is mended")
    folder.edit("campaigns/digest.yaml", "status: actve", "status: active")
    assert started.look() == Look(True)
    assert "digest" in started.desk().workspace.campaigns
    started.desk().close()


def test_a_template_that_cannot_be_made_into_a_letter_is_kept_out_too(folder: Folder, keeper: Keeper) -> None:
    folder.edit("templates/letter.html", "{{ campaign.title }}", "{{ campaign.titel }}")
    look = keeper.look()
    assert look is not None
    assert (look.taken, look.why.partition(":")[0]) == (False, "templates/letter.html")


def test_another_database_takes_a_restart(
    folder: Folder, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOUCHBASE_DATABASE_URL")
    with_file = Keeper(Desk.open(folder.root))
    folder.edit("config/project.yaml", "touchbase.db", "elsewhere.db")
    look = with_file.look()
    assert look is not None
    assert look.why == "another database takes a restart; the files as they were before still count"
    with_file.desk().close()


def test_a_new_field_has_its_column_before_anybody_asks(folder: Folder, keeper: Keeper) -> None:
    folder.edit(
        "config/customers.yaml", "    interests: list\n", "    interests: list\n    shoe_size: number\n"
    )
    assert keeper.look() == Look(True)
    assert "shoe_size" in {field.name for field in keeper.desk().fields}


def test_an_editors_own_files_and_letters_are_no_edit(folder: Folder, keeper: Keeper) -> None:
    for name in ("campaigns/.digest.yaml.swp", "campaigns/digest.yaml~", "outbox/1.eml", "touchbase.db-wal"):
        folder.write(name, "anything")
    assert keeper.look() is None


def test_what_is_included_from_elsewhere_is_seen_too(folder: Folder, keeper: Keeper) -> None:
    folder.write("shared/content.yaml", DIGEST.partition("content:\n")[2].partition("sender:")[0])
    folder.write(
        "campaigns/digest.yaml",
        DIGEST.partition("content:\n")[0] + "content: !include ../shared/content.yaml\nsender: team\n",
    )
    assert keeper.look() == Look(True)
    folder.edit("shared/content.yaml", "reads", "news")
    assert keeper.look() == Look(True)
    assert subject(keeper).endswith("news")


def make_run(desk: Desk, state: str, campaign: str = "digest") -> int:
    """A run of an empty audience, in that state."""
    with desk.database.write() as connection:
        run, _ = runs.get_or_create(connection, campaign, state, as_of=desk.now, now=desk.now)
        runs.change(connection, run.id, runs.PLANNING, runs.READY, desk.now)
        if state == runs.SENDING:
            runs.change(connection, run.id, runs.READY, runs.SENDING, desk.now)
    return run.id


def states(desk: Desk) -> dict[int, tuple[str, str]]:
    with desk.database.read() as connection:
        return {run.id: (run.state, run.reason) for run in runs.recent(connection)}


def test_a_paused_campaign_stops_and_goes_on_when_it_is_active_again(folder: Folder, keeper: Keeper) -> None:
    numbers = [make_run(keeper.desk(), state) for state in (runs.READY, runs.SENDING)]
    assert follow(keeper.desk()).stopped == ()
    folder.edit("campaigns/digest.yaml", "status: active", "status: paused")
    keeper.look()
    why = "`status: paused` in campaigns/digest.yaml"
    assert follow(keeper.desk()).stopped == (("digest ready", why), ("digest sending", why))
    assert states(keeper.desk()) == dict.fromkeys(numbers, (runs.PAUSED, why))
    assert follow(keeper.desk()).stopped == ()
    folder.edit("campaigns/digest.yaml", "status: paused", "status: active")
    keeper.look()
    assert follow(keeper.desk()).going_on == ("digest ready", "digest sending")
    # Nothing of either was ever handed over.
    assert states(keeper.desk()) == dict.fromkeys(numbers, (runs.READY, ""))


def test_what_a_person_paused_stays_paused(folder: Folder, keeper: Keeper) -> None:
    number = make_run(keeper.desk(), runs.READY)
    folder.edit("campaigns/digest.yaml", "status: active", "status: paused")
    keeper.look()
    follow(keeper.desk())
    with keeper.desk().database.write() as connection:
        pauses.add(connection, "digest", "wait", keeper.desk().now)
    folder.edit("campaigns/digest.yaml", "status: paused", "status: active")
    keeper.look()
    assert follow(keeper.desk()).going_on == ()
    assert states(keeper.desk())[number][0] == runs.PAUSED


def test_a_campaign_whose_file_is_gone_stops_and_waits_for_a_word(folder: Folder, keeper: Keeper) -> None:
    number = make_run(keeper.desk(), runs.SENDING)
    os.remove(folder.root / "campaigns/digest.yaml")
    assert keeper.look() == Look(True)
    ((name, reason),) = follow(keeper.desk()).stopped
    assert name == "digest sending"
    assert "touchbase resume digest" in reason
    folder.write("campaigns/digest.yaml", DIGEST)
    keeper.look()
    assert follow(keeper.desk()).going_on == ()
    assert states(keeper.desk())[number] == (runs.PAUSED, reason)
