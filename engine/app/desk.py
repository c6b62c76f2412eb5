"""An opened workspace: its definitions, its database, its clock and its way out, each made when first needed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine import clock
from engine.definitions.checks.everything import obstacles
from engine.definitions.schema.campaign import Campaign
from engine.definitions.workspace import Workspace, load
from engine.errors import DefinitionsError, UsageError
from engine.model.problem import Problem, Severity
from engine.settings import Settings, settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.providers.base import Provider
    from engine.store.database import Database
    from engine.store.fields import FieldColumn


class RolledBack(Exception):
    """Leaves a transaction without keeping it: how `plan` changes nothing."""


class Desk:
    """Everything one command works on. `now` is the moment it began, and stays so.

    `calendars`: the revisions of schedules as far as they were asked for, which cost something to work out.
    `vouched`: by way out, when it was asked which addresses may send, and what it said.
    """

    def __init__(self, chosen: Settings, workspace: Workspace, problems: list[Problem]) -> None:
        self.settings = chosen
        self.workspace = workspace
        self.problems = problems
        self.now = clock.now()
        self._database: Database | None = None
        self.calendars: dict[str, str] = {}
        self.vouched: dict[str, tuple[float, dict[str, bool | None]]] = {}

    @classmethod
    def open(cls, workspace: Path | None) -> Desk:
        """The nearest workspace. Raises UsageError without one, DefinitionsError when config/ has errors."""
        desk = cls.open_as_it_is(workspace)
        own = [problem for problem in _errors(desk.problems) if not desk.is_campaign_file(problem.file)]
        if own:
            raise DefinitionsError(own, desk.root)
        return desk

    @classmethod
    def open_as_it_is(cls, workspace: Path | None) -> Desk:
        """The same, whatever errors config/ has, to look at what is there; DefinitionsError without a project."""
        chosen = settings(workspace)
        found, problems = load(chosen.root)
        if found is None:
            raise DefinitionsError(_errors(problems), chosen.root)
        return cls(chosen, found, problems)

    def at(self, moment: datetime) -> Desk:
        """The same workspace and database at another moment: what a process that stays works with."""
        later = copy.copy(self)
        later.now = moment
        return later

    def share(self, other: Desk) -> None:
        """Work on the database that the other desk has opened; it is closed once, by either."""
        self._database = other.database

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        return self.settings.root

    @cached_property
    def zone(self) -> ZoneInfo:
        """The project's own clock."""
        return ZoneInfo(self.workspace.project.time_zone)

    def is_campaign_file(self, file: str) -> bool:
        """Whether a problem in this file concerns one campaign only."""
        return file.startswith("campaigns/")

    def moment(self, at: str | None) -> datetime:
        """The moment written as `--at`, in the project's zone, or now."""
        return clock.read_moment(at, self.zone, source="--at") if at else self.now

    def campaign(self, name: str) -> Campaign:
        """The campaign of that id. Raises UsageError for an unknown one, DefinitionsError for a broken one."""
        workspace = self.workspace
        if name not in workspace.declared("campaigns") and name not in workspace.campaigns:
            unread = [found for found in _errors(self.problems) if self.is_campaign_file(found.file)]
            if unread:
                raise DefinitionsError(unread, self.root)
            near = get_close_matches(name, workspace.declared("campaigns"), n=1)
            known = ", ".join(sorted(workspace.declared("campaigns"))) or "none yet"
            raise UsageError(
                f"there is no campaign `{name}`",
                help=f"did you mean `{near[0]}`?" if near else f"there are: {known}",
            )
        stopping = obstacles(workspace, self.problems, name)
        if stopping or name not in workspace.campaigns:
            raise DefinitionsError(stopping or _errors(self.problems), self.root)
        return workspace.campaigns[name]

    @property
    def database(self) -> Database:
        """The database, opened at the first need."""
        if self._database is None:
            from engine.store.database import open_database

            url = self.settings.database_url(self.workspace.project.database.reveal())
            self._database = open_database(url, root=self.root)
        return self._database

    @cached_property
    def fields(self) -> tuple[FieldColumn, ...]:
        """The declared customer fields and their columns."""
        from engine.flows.intake.kinds import stored_kinds
        from engine.store import fields

        return fields.ensure(self.database, stored_kinds(self.workspace.customers.fields), self.now)

    @contextmanager
    def trial(self) -> Iterator[Connection]:
        """A transaction in which everything may be done and nothing is kept."""
        try:
            with self.database.write() as connection:
                yield connection
                raise RolledBack
        except RolledBack:
            pass

    def provider(self, name: str = "") -> Provider:
        """A way out (default: the chosen one), not opened yet."""
        from engine.providers.registry import make_provider

        project = self.workspace.project
        name = name or project.provider
        options = project.options(name)
        if options is None:
            raise UsageError(
                f"there is no provider `{name}`", help="name one of `providers:` in config/project.yaml"
            )
        return make_provider(
            name,
            {"type": getattr(options, "type", ""), **options.plain()},
            workspace=self.root,
            allow_private_networks=project.allow_private_networks,
        )

    @property
    def ways_out(self) -> tuple[str, ...]:
        """The chosen provider, and the one that steps in for it where there is one."""
        project = self.workspace.project
        return tuple(dict.fromkeys(name for name in (project.provider, project.fallback) if name))

    def provider_type(self, name: str = "") -> str:
        """A provider's type (default: the chosen one's): outbox, postmark, smtp …"""
        options = self.workspace.project.options(name)
        return str(getattr(options, "type", "")) if options is not None else ""

    @property
    def leaves_machine(self) -> bool:
        """Whether letters really go out, and not into a folder."""
        return any(self.provider_type(name) != "outbox" for name in self.ways_out)

    def close(self) -> None:
        """Let go of the database."""
        if self._database is not None:
            self._database.close()


def _errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity is Severity.ERROR]
