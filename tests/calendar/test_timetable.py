"""`touchbase plan CAMPAIGN --calendar`: the real command on a real workspace, with good and bad words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import Desk

HERE = "2026-12-21T12:00:00+00:00"
LETTER = """\
campaign: hello
title: A first hello
status: {status}
purpose: marketing
topic: newsletter
audience: {{ include: [newsletter-readers] }}
content: {{ template: hello.html, subject: Hello }}
sender: team
"""


@pytest.fixture
def house(tmp_path: Path) -> Desk:
    assert Desk(tmp_path).run("init", "letters").code == 0
    return Desk(tmp_path / "letters")


def write(house: Desk, schedule: str, *, status: str = "active") -> None:
    text = LETTER.format(status=status) + (f"schedule: {schedule}\n" if schedule else "")
    (house.root / "campaigns" / "hello.yaml").write_text(text, encoding="utf-8")


def test_occurrences_and_days_left_out_in_their_order(house: Desk) -> None:
    write(house, "{ every: day, at: '09:30', time_zone: America/New_York, skip_holidays: US }")
    (house.root / "touchbase.db").unlink()
    said = house.run("plan", "hello", "--calendar", now=HERE)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0] == "hello · “A first hello” · as of Mon 21 Dec 2026 12:00 UTC"
    assert "  Every day at 09:30 in America/New_York. Not on public holidays of US." in said.out
    shown = lines[lines.index("", 2) + 1 :]
    assert shown[0] == "  2026-12-21  Mon 21 Dec 2026 09:30  2026-12-21 14:30 UTC"
    assert shown[4] == "  2026-12-25  Fri 25 Dec 2026    −    Christmas Day (US)"
    assert len(shown) == 11
    assert not (house.root / "touchbase.db").exists()


def test_the_same_as_json_at_another_moment(house: Desk) -> None:
    write(
        house,
        "{ every: week, days: [fri], at: '09:30', time_zone: recipient, skip_dates: ['2026-12-25'],"
        " if_skipped: next day }",
        status="draft",
    )
    told = house.json("plan", "hello", "--calendar", "--at", "2026-12-25T12:00", now=HERE)
    assert (told["campaign"], told["time_zone"], told["as_of"]) == (
        "hello",
        "recipient",
        "2026-12-25T12:00:00+00:00",
    )
    assert told["occurrences"][0] == {
        "occurrence": "2026-W52",
        "day": "2026-12-26",
        "time": "09:30",
        "happens": True,
        "first": "2026-12-25T19:30:00+00:00",
        "last": "2026-12-26T21:30:00+00:00",
        "moved_from": "2026-12-25",
        "reason": "in `skip_dates`",
        "customers": None,
    }
    assert len(told["occurrences"]) == 10
    assert told["notes"] == ["the campaign is draft: nothing happens by itself until `status: active`"]


@pytest.mark.parametrize(
    ("schedule", "note"),
    [
        ("{ once: '2026-12-01 09:00' }", "nothing more comes: its last day is over"),
        ("{ every: day, until: '2026-12-01' }", "nothing more comes: its last day is over"),
        (
            "{ every: year, starting: '2026-12-25', skip_holidays: US }",
            "every day it would come to is left out; `if_skipped: next day` moves it",
        ),
    ],
)
def test_what_never_comes_again_is_said(house: Desk, schedule: str, note: str) -> None:
    write(house, schedule)
    told = house.json("plan", "hello", "--calendar", now=HERE)
    assert told["notes"] == [note]
    assert not any(line["happens"] for line in told["occurrences"])


def test_without_a_schedule_it_says_how_the_letter_goes_out(house: Desk) -> None:
    write(house, "")
    told = house.json("plan", "hello", "--calendar", now=HERE)
    assert (told["schedule"], told["occurrences"]) == (
        "it has no schedule: `touchbase send` sends it by hand",
        [],
    )


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--at", "yesterday"), 2, "`yesterday` is not a moment"),
        (("--save",), 2, "goes with neither"),
        (("--discard",), 2, "goes with neither"),
    ],
)
def test_words_that_do_not_fit_are_refused(
    house: Desk, words: tuple[str, ...], code: int, message: str
) -> None:
    write(house, "{ every: day }")
    said = house.run("plan", "hello", "--calendar", *words, now=HERE)
    assert (said.code, message in said.err) == (code, True), said.err


def test_a_broken_schedule_is_shown_at_its_place(house: Desk) -> None:
    write(house, "{ every: day, skip_holidays: GB-ENGLAND }")
    said = house.run("plan", "hello", "--calendar", now=HERE)
    assert said.code == 1
    assert "X084" in said.err
    assert "did you mean `GB-ENG`?" in said.err
