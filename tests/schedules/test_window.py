"""A campaign's window: what is late waits until it opens, on the schedule's clock or on each reader's own."""

from __future__ import annotations

from tests.acceptance.conftest import Desk
from tests.schedules.test_running import BEFORE, LONDON, once, sent

RHYTHM = 'schedule: { every: week, days: [tue], at: "09:30", time_zone: recipient }'
LATE = 'at: "09:30", window: { from: "09:00", until: "18:00" }, if_late: send within 2 days'


def test_what_is_late_leaves_when_the_window_opens(desk: Desk) -> None:
    desk.edit("campaigns/weekly.yaml", RHYTHM, f"schedule: {{ every: week, days: [tue], {LATE} }}")
    once(desk, BEFORE)
    evening = once(desk, "2026-11-24T20:00:00+00:00")
    assert (len(evening["planned"]), sent(evening)) == (1, 0)
    assert evening["next_at"] == "2026-11-25T09:00:00+00:00"
    assert sent(once(desk, "2026-11-25T08:59:00+00:00")) == 0
    assert sent(once(desk, "2026-11-25T09:00:00+00:00")) == 5
    assert len(desk.letters()) == 5


def test_each_reader_has_a_window_of_their_own(desk: Desk) -> None:
    desk.edit(
        "campaigns/weekly.yaml",
        RHYTHM,
        f"schedule: {{ every: week, days: [tue], time_zone: recipient, {LATE} }}",
    )
    once(desk, BEFORE)
    # Half past nine in the evening in Tokyo and half past one at night in Kiritimati.
    noon = once(desk, "2026-11-24T12:00:00+00:00")
    assert (sent(noon), noon["planned"][0]["waiting"]) == (2, 3)
    assert sent(once(desk, "2026-11-24T14:30:00+00:00")) == 1
    assert sent(once(desk, "2026-11-24T19:00:00+00:00")) == 1
    assert sent(once(desk, "2026-11-25T00:00:00+00:00")) == 1


def test_a_person_who_sends_by_hand_waits_for_no_window(desk: Desk) -> None:
    desk.edit("campaigns/weekly.yaml", RHYTHM, f"schedule: {{ every: week, days: [tue], {LATE} }}")
    report = desk.json("send", "weekly", "--yes", now=LONDON.replace("09:31", "21:00"))
    assert report["accepted"] == 5


def test_a_sending_that_has_begun_rests_while_its_window_is_closed(desk: Desk) -> None:
    desk.edit("campaigns/weekly.yaml", RHYTHM, f"schedule: {{ every: week, days: [tue], {LATE} }}")
    desk.json("send", "weekly", "--yes", "--limit", "2", now=LONDON.replace("09:31", "17:59"))
    evening = once(desk, "2026-11-24T18:00:00+00:00")
    assert (sent(evening), evening["next_at"]) == (0, "2026-11-25T09:00:00+00:00")
    told = [line for line in desk.run("runs", "1").out.splitlines() if "window" in line]
    assert sent(once(desk, "2026-11-25T09:00:00+00:00")) == 3, told
    assert len(desk.letters()) == 5


def test_a_sending_that_has_begun_rests_for_whom_it_is_night(desk: Desk) -> None:
    desk.edit(
        "campaigns/weekly.yaml",
        RHYTHM,
        f"schedule: {{ every: week, days: [tue], time_zone: recipient, {LATE} }}",
    )
    desk.json("send", "weekly", "--yes", "--limit", "1", now=LONDON)
    # By hand everybody is due at once; on the schedule it is night for some of those who are left.
    first = sent(once(desk, "2026-11-24T12:00:00+00:00"))
    assert first < 4
    later = [sent(once(desk, f"2026-11-{day}:00:00+00:00")) for day in ("24T14", "24T19", "25T00", "25T09")]
    assert first + sum(later) == 4, "nobody is forgotten"
    assert len(desk.letters()) == 5
