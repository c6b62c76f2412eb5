"""A year with all its trouble on every commit, more by command; and that a daemon with a mistake is found out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time

import pytest

from engine.app import firing
from engine.calendar import moments
from engine.flows.advance import judging
from engine.flows.plan import timing
from tests.year.judge import Broken
from tests.year.life import Trouble
from tests.year.reckoning import FORMS, days_of, instant, kept
from tests.year.runner import live
from tests.year.world import END

CALM = Trouble(0.0, *(0,) * 8)


SPRING = date(2027, 2, 18), date(2027, 4, 16)
AUTUMN = date(2027, 9, 20), date(2027, 11, 14)
WINTER = date(2027, 12, 26), END
"""Two changes of every clock that changes, the 28 February of a year and the 29th of the next."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "season"), [(1, SPRING), (2, AUTUMN), (3, WINTER)], ids=["spring", "autumn", "winter"]
)
def test_everybody_gets_every_letter_once_or_a_reason_is_on_record(
    seed: int, season: tuple[date, date]
) -> None:
    life, verdict = live(seed, 2000, begin=season[0], end=season[1])
    assert life.log.deaths
    assert verdict.promised == verdict.arrived + verdict.on_record
    assert verdict.certain > verdict.promised / 2
    assert verdict.posts
    assert verdict.on_record == sum(verdict.reasons.values()) > 0


@pytest.mark.slow
@pytest.mark.postgres
def test_so_it_is_on_postgresql(postgres_url: str) -> None:
    life, verdict = live(4, 300, url=postgres_url, begin=date(2027, 3, 10), end=date(2027, 3, 19))
    assert life.log.looks
    assert verdict.arrived > verdict.promised / 2


def second_reading(patch: pytest.MonkeyPatch) -> None:
    """Takes the later of two instants where clocks go back."""
    late = lambda wall, zone: wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # noqa: E731
    patch.setattr(moments, "first_instant", late)


def no_waves(patch: pytest.MonkeyPatch) -> None:
    """Sends to everybody when the first zone is due."""
    patch.setattr(firing, "RECIPIENT", "nobody's clock")


def one_zone(patch: pytest.MonkeyPatch) -> None:
    """Takes everybody for a neighbour."""
    patch.setattr(timing.Waves, "known", lambda waves, zone: waves.zone)


def forgetful(patch: pytest.MonkeyPatch) -> None:
    """Looks past what opened since it last looked."""
    patch.setattr(judging, "passed_since", lambda schedule, watch, now, zone: [])


@pytest.mark.slow
@pytest.mark.parametrize("mistake", [second_reading, no_waves, one_zone, forgetful])
def test_a_daemon_with_a_mistake_is_found_out(
    monkeypatch: pytest.MonkeyPatch, mistake: Callable[[pytest.MonkeyPatch], None]
) -> None:
    mistake(monkeypatch)
    with pytest.raises(Broken) as broken:
        live(5, 80, trouble=CALM, begin=date(2027, 10, 25), end=date(2027, 11, 8))
    assert any("python -m tests.year --seed" in note for note in broken.value.__notes__)


@pytest.mark.parametrize(
    ("day", "at", "zone", "utc"),
    [
        ((2027, 3, 28), (2, 30), "Europe/Berlin", (2027, 3, 28, 1, 0)),
        ((2027, 10, 31), (2, 10), "Europe/Berlin", (2027, 10, 31, 0, 10)),
        ((2027, 3, 14), (7, 15), "America/New_York", (2027, 3, 14, 11, 15)),
        ((2027, 10, 3), (2, 15), "Australia/Lord_Howe", (2027, 10, 2, 15, 30)),
        ((2011, 12, 30), (9, 0), "Pacific/Apia", (2011, 12, 30, 10, 0)),
    ],
    ids=["not-on-the-clock", "twice", "after-the-change", "half-an-hour", "a-day-that-never-was"],
)
def test_the_instants_that_are_believed_are_right(
    day: tuple[int, int, int], at: tuple[int, int], zone: str, utc: tuple[int, ...]
) -> None:
    assert instant(date(*day), time(*at), zone) == datetime(*utc, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_the_days_that_are_believed_are_right() -> None:
    form = {form.name: form for form in FORMS}
    first, last = date(2027, 2, 15), date(2027, 4, 30)

    def days(name: str, written: date | None = None) -> list[tuple[str, date]]:
        return days_of(form[name], first, last, written)

    assert days("mid-month") == [(f"2027-{month:02}", date(2027, month, 15)) for month in (2, 3, 4)]
    assert ("2027-W07", date(2027, 2, 15)) in days("fortnight")
    assert ("2027-W08", date(2027, 2, 28)) in days("sunday-night")
    assert days("first-tuesday") == [("2027-03", date(2027, 3, 2)), ("2027-04", date(2027, 4, 6))]
    assert days("birthday", date(1984, 2, 29)) == [("2027-02-28", date(2027, 2, 28))]
    assert days("renewal", date(2027, 4, 20)) == [("2027-03-21", date(2027, 3, 21))]
    assert kept(date(1984, 2, 29), 2028) == date(2028, 2, 29)
