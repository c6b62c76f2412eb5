"""Schedules: the dates they count from, the calendars they name, and days that would leave somebody out unseen."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions.checks.field_tests import check_kind
from engine.definitions.places import Key, problem_at
from engine.definitions.schema.customers import FieldKind
from engine.definitions.schema.schedule import Schedule
from engine.definitions.suggest import nearest
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem, Severity

DATES = (FieldKind.DATE, FieldKind.MOMENT)


def check_schedule(workspace: Workspace, schedule: Schedule, *at: Key) -> Iterator[Problem]:
    """Problems of the schedule written at that path."""
    for key, name in (("before", schedule.before), ("after", schedule.after)):
        if name is not None:
            yield from check_kind(workspace, name, DATES, *at, key)
            yield from _left_out(workspace, schedule, name, *at)
    yield from _holidays(workspace, schedule.skip_holidays, *at, "skip_holidays")
    if schedule.starting is not None and schedule.until is not None and schedule.until < schedule.starting:
        message, help = "`until` lies before `starting`", "write the later day in `until`"
        yield problem_at(workspace.place(*at, "until"), "X083", message, help)


def _left_out(workspace: Workspace, schedule: Schedule, field: str, *at: Key) -> Iterator[Problem]:
    """A warning where some customers' day never comes, unless the file says that this is meant."""
    if "if_skipped" in schedule.model_fields_set:
        return
    window = "window" if schedule.window is not None and schedule.window.days is not None else None
    skips = [key for key in ("days", "skip_dates", "skip_holidays") if getattr(schedule, key)]
    for key in [*skips, *([window] if window else [])][:1]:
        message = f"`{key}` leaves out customers whose `{field}` makes it another day"
        help = "write `if_skipped: next day`, or `if_skipped: skip` if this is meant"
        yield problem_at(workspace.place(*at, key, key=True), "X085", message, help, Severity.WARNING)


def _holidays(workspace: Workspace, names: tuple[str, ...], *path: Key) -> Iterator[Problem]:
    """A problem for each name that is no country and no part of one. The library is imported only for these."""
    for number, name in enumerate(names):
        if not _exists(name):
            message = f"there is no calendar of public holidays `{name}`"
            yield problem_at(workspace.place(*path, number), "X084", message, _instead(name))


def _exists(name: str) -> bool:
    from holidays import country_holidays

    country, _, part = name.partition("-")
    try:
        country_holidays(country, subdiv=part or None)
    except RuntimeError:  # the library's way to say that there is no such country or part
        return False
    return True


def _instead(name: str) -> str:
    """The nearest name there is. This reads every country the library has, so it is asked for unknown ones alone."""
    from holidays import list_supported_countries

    countries = list_supported_countries()
    country = name.partition("-")[0]
    known = [f"{country}-{part}" for part in countries[country]] if country in countries else list(countries)
    near = nearest(name, known)
    if near is not None:
        return f"did you mean `{near}`?"
    if countries.get(country):
        return f"write `{country}`, or a part of it: " + ", ".join(f"`{one}`" for one in known)
    return "write a country by its two letters, or a part of one, like `GB-ENG`"
