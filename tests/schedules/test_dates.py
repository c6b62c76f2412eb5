"""Letters for a date of the reader's own: birthdays, and so many days before a renewal."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Desk
from tests.schedules.test_running import once, sent

PEOPLE = """\
customer_id,E-mail,born,renewal_date,topics
c1,leap@mail.example,1996-02-29,2027-04-05,newsletter
c2,may@mail.example,1980-05-17,2027-04-06,newsletter
c3,none@mail.example,,,newsletter
"""


@pytest.fixture
def birthdays(desk: Desk) -> Desk:
    desk.edit(
        "config/customers.yaml",
        "    first_name: text\n",
        "    first_name: text\n    born: date\n    renewal_date: date\n",
    )
    desk.write("dated.csv", PEOPLE)
    desk.json("import", "customers", "dated.csv")
    schedule(desk, 'every: year, after: born, at: "09:30"')
    return desk


def schedule(desk: Desk, words: str) -> None:
    desk.edit("campaigns/weekly.yaml", 'every: week, days: [tue], at: "09:30", time_zone: recipient', words)


def test_a_29_february_is_kept_on_the_28th_in_other_years(birthdays: Desk) -> None:
    once(birthdays, "2027-02-27T12:00:00+00:00")
    report = once(birthdays, "2027-02-28T09:30:00+00:00")
    assert [(run["selected"], run["accepted"], run["occurrence"]) for run in report["sent"]] == [
        (1, 1, "2027-02-28")
    ]
    assert sent(once(birthdays, "2027-03-01T09:30:00+00:00")) == 0
    once(birthdays, "2028-02-28T09:00:00+00:00")
    assert sent(once(birthdays, "2028-02-28T09:30:00+00:00")) == 0
    assert sent(once(birthdays, "2028-02-29T09:30:00+00:00")) == 1


def test_a_date_that_is_put_right_brings_no_second_letter(birthdays: Desk) -> None:
    once(birthdays, "2027-05-17T08:00:00+00:00")
    assert sent(once(birthdays, "2027-05-17T08:30:00+00:00")) == 1
    birthdays.write("right.csv", "customer_id,born\nc2,1980-05-19\n")
    birthdays.json("import", "customers", "right.csv")
    report = once(birthdays, "2027-05-19T08:30:00+00:00")
    assert sent(report) == 0
    (run,) = [run for run in birthdays.json("runs") if run["occurrence"] == "2027-05-19"]
    assert run["skipped"] == {"already_sent": 1}
    once(birthdays, "2028-05-19T08:00:00+00:00")
    assert sent(once(birthdays, "2028-05-19T08:30:00+00:00")) == 1, "a year later it is their day again"


def test_so_many_days_before_a_date_and_what_why_says(birthdays: Desk) -> None:
    birthdays.edit("campaigns/weekly.yaml", "every: year, after: born", "before: renewal_date, by: 30 days")
    now = "2027-03-06T09:30:00+00:00"
    planned = birthdays.json("plan", "weekly", now=now)
    assert [person["customer_id"] for person in planned["people"]] == ["c1"]
    assert birthdays.json("send", "weekly", now=now)["accepted"] == 1
    why = birthdays.run("why", "may@mail.example", "weekly", now=now).out
    assert "renewal_date is 2027-04-06: their next day is 2027-03-07" in why
    assert "not in the audience, or not on this date" in why
    why = birthdays.run("why", "none@mail.example", "weekly", now=now).out
    assert "renewal_date has no value, so no day is theirs" in why


def test_nobody_is_lost_whose_day_came_while_nothing_was_running(birthdays: Desk) -> None:
    birthdays.edit(
        "campaigns/weekly.yaml",
        'every: year, after: born, at: "09:30"',
        'before: renewal_date, by: 3 days, at: "09:30", if_late: send within 4 days',
    )
    once(birthdays, "2027-04-01T12:00:00+00:00")
    # The second of April was c1's day, the third c2's.
    report = once(birthdays, "2027-04-04T12:00:00+00:00")
    assert {run["occurrence"]: run["accepted"] for run in report["sent"]} == {
        "2027-04-02": 1,
        "2027-04-03": 1,
    }
    assert report["missed"] == []


def test_a_birthday_comes_on_the_readers_own_clock(birthdays: Desk) -> None:
    birthdays.edit("campaigns/weekly.yaml", 'at: "09:30"', 'at: "09:30", time_zone: recipient')
    birthdays.write("zones.csv", "customer_id,time_zone\nc2,America/New_York\n")
    birthdays.json("import", "customers", "zones.csv")
    once(birthdays, "2027-05-16T12:00:00+00:00")
    assert sent(once(birthdays, "2027-05-17T09:30:00+00:00")) == 0
    assert sent(once(birthdays, "2027-05-17T13:30:00+00:00")) == 1


def test_a_sample_needs_no_birthday(birthdays: Desk) -> None:
    assert birthdays.json("send", "weekly", "--test", "me@mail.example", now="2027-08-01T09:30:00+00:00")[
        "sample"
    ]
    assert birthdays.json("preview", "weekly", "--for", "may@mail.example", now="2027-08-01T09:30:00+00:00")[
        "html"
    ]
