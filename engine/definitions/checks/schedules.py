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
    if not names:
        return
    from holidays import list_supported_countries

    countries = list_supported_countries()
    for number, name in enumerate(names):
        country, _, part = name.partition("-")
        if country in countries and (not part or part in countries[country]):
            continue
        known = [f"{country}-{other}" for other in countries[country]] if country in countries else countries
        near = nearest(name, known)
        otherwise = "write a country by its two letters, or a part of one, like `GB-ENG`"
        if countries.get(country):
            otherwise = f"write `{country}`, or a part of it: " + ", ".join(f"`{one}`" for one in known)
        help = f"did you mean `{near}`?" if near else otherwise
        message = f"there is no calendar of public holidays `{name}`"
        yield problem_at(workspace.place(*path, number), "X084", message, help)
