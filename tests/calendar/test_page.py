"""The page about schedules says what the calendar does: every form, its words and its days."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from engine.calendar import customers_due, explain, occurrences
from engine.definitions.schema.schedule import Schedule
from tests.docs.walk import ROOT, Reader

PAGE = ROOT / "docs" / "howto" / "schedules.md"
FRIDAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
FORMS = re.findall(r"^```yaml\n([^`]+)```\n> (.+)\n\n(.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("form", "words", "days"), FORMS, ids=lambda text: text[:24].split("\n")[0])
def test_every_form_is_explained_and_happens_as_the_page_says(form: str, words: str, days: str) -> None:
    schedule = Schedule.model_validate(yaml.safe_load(form))
    assert explain(schedule) == words
    found = occurrences(schedule, FRIDAY, ZoneInfo("Europe/London"))
    if schedule.when is not None:
        assert list(found) == []
        return
    shown = days.split(", ")
    ends = schedule.once is not None or schedule.until is not None
    told = [
        f"{one.day} {customers_due(schedule, one.day)}".rstrip()
        for one in islice(found, None if ends else len(shown))
    ]
    assert told == shown


def test_the_page_has_every_key_of_a_schedule() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(FORMS) > 12
    for key in Schedule.model_fields:
        assert f"{key}:" in page or f"`{key}`" in page, key


def test_the_command_of_the_page_answers_as_it_says(tmp_path: Path) -> None:
    reader = Reader(tmp_path, FRIDAY.isoformat())
    assert reader.run("touchbase init letters").code == 0
    reader.here = tmp_path / "letters"
    assert reader.follow(PAGE) == 1
