"""Fifty processes that want the same occurrence at once, and processes that die in the middle of it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

import pytest

from engine.app import ticking
from engine.app.verbs import App
from engine.store.crash import EXIT_STATUS, VARIABLE
from tests.acceptance.conftest import Desk
from tests.schedules.test_running import BEFORE, once, sent, states

pytestmark = pytest.mark.slow

DUE = "2026-11-23T09:30:00+00:00"
UNFORESEEN = 70


@pytest.fixture
def daily(desk: Desk) -> Desk:
    desk.edit(
        "campaigns/weekly.yaml",
        'schedule: { every: week, days: [tue], at: "09:30", time_zone: recipient }',
        'schedule: { every: day, at: "09:30" }',
    )
    once(desk, BEFORE)
    return desk


def forked(desk: Desk, act: Callable[[App], int]) -> int:
    """A process of its own, forked from here with everything imported; its number."""
    child = os.fork()
    if child:
        return child
    status = UNFORESEEN
    try:
        os.environ.update(desk.environment, TOUCHBASE_NOW=DUE)
        app = App.open(desk.root)
        status = act(app)
        app.close()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def by_calendar(app: App) -> int:
    ticking.watch(app.desk)
    return 0


def by_hand(app: App) -> int:
    return int(app.prepare("weekly").made)


def test_fifty_at_once_make_one_run_and_one_letter_each(daily: Desk) -> None:
    assert daily.run("check").code == 0, "so that the trial of the letters is remembered"
    children = [forked(daily, by_hand if number % 5 else by_calendar) for number in range(50)]
    ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert sum(ended) <= 1, "one plan, made by one of them"
    (run,) = daily.json("runs")
    assert (run["selected"], run["pending"]) == (5, 5)
    assert not list(daily.root.glob("*turn*"))
    assert daily.json("send", "weekly", now=DUE)["accepted"] == 5
    assert sent(once(daily, DUE)) == 0
    assert len(daily.letters()) == 5


@pytest.mark.parametrize("place", ["assign", "after_plan", "after_begin"])
def test_a_process_that_dies_between_plan_and_send_loses_nothing(daily: Desk, place: str) -> None:
    daily.environment[VARIABLE] = place
    process = daily.process("run", "--once", now=DUE)
    process.communicate()
    assert process.returncode == EXIT_STATUS
    del daily.environment[VARIABLE]
    report = once(daily, "2026-11-23T09:31:00+00:00")
    assert sent(report) == 5
    assert states(daily) == {"2026-11-23": "done"}
    assert len(daily.letters()) == 5


def test_half_a_plan_whose_time_is_over_is_on_record_as_missed(daily: Desk) -> None:
    daily.environment[VARIABLE] = "assign"
    daily.process("run", "--once", now=DUE).communicate()
    del daily.environment[VARIABLE]
    report = once(daily, "2026-11-23T12:00:00+00:00")
    assert [missed["occurrence"] for missed in report["missed"]] == ["2026-11-23"]
    assert states(daily) == {"2026-11-23": "missed"}
    assert daily.json("send", "weekly", "--occurrence", "2026-11-23")["accepted"] == 5


def test_a_plan_whose_process_died_before_it_began_is_missed_when_its_time_is_over(daily: Desk) -> None:
    daily.environment[VARIABLE] = "after_plan"
    daily.process("run", "--once", now=DUE).communicate()
    del daily.environment[VARIABLE]
    once(daily, "2026-11-23T12:00:00+00:00")
    (run,) = daily.json("runs")
    assert (run["state"], run["skipped"], run["pending"]) == ("missed", {"too_late": 5}, 0)
    assert daily.json("send", "weekly", "--occurrence", "2026-11-23")["accepted"] == 5
