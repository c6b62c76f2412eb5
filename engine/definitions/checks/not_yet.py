"""Valid, but not run by this version: said plainly by `check`, refused by `send` where it would matter.

The one list of such constructs. When an engine for one of them arrives, its line goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.definitions.places import Path, problem_at
from engine.definitions.schema.campaign import Campaign
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem, Severity


@dataclass(frozen=True, slots=True)
class NotYet:
    """A construct. `blocking`: sending without it would break a promise, so `send` refuses.

    `used`: the paths where a campaign is concerned by it.
    """

    code: str
    key: str
    help: str
    blocking: bool
    used: Callable[[Workspace, Campaign], list[Path]]


def _written(*keys: str) -> Callable[[Workspace, Campaign], list[Path]]:
    """A key of the campaign itself."""

    def used(workspace: Workspace, campaign: Campaign) -> list[Path]:
        value: object = campaign
        for key in keys:
            value = getattr(value, key)
        return [("campaigns", campaign.campaign, *keys)] if value not in (None, ()) else []

    return used


REMOVE = "remove it to send now; it is kept for the version that carries it out"

CONSTRUCTS = (
    NotYet("N002", "trigger", REMOVE, True, _written("trigger")),
    NotYet("N003", "steps", REMOVE, True, _written("steps")),
    NotYet("N004", "exit_when", REMOVE, True, _written("exit_when")),
    NotYet("N021", "goal", "letters are sent without it", False, _written("goal")),
)


def not_yet(workspace: Workspace) -> list[Problem]:
    """A warning for each construct that makes `send` refuse, a note for each that only does nothing yet."""
    found = [problem for campaign in workspace.campaigns.values() for problem in _all(workspace, campaign)]
    return list(dict.fromkeys(found))


def blocking(workspace: Workspace, campaign: Campaign) -> list[Problem]:
    """What keeps this campaign from being sent by this version; empty when it may go."""
    return [found for found in _all(workspace, campaign) if found.severity is Severity.WARNING]


def _all(workspace: Workspace, campaign: Campaign) -> Iterator[Problem]:
    for construct in CONSTRUCTS:
        severity = Severity.WARNING if construct.blocking else Severity.NOTE
        ending = ", so `send` refuses the campaigns it concerns" if construct.blocking else ""
        message = f"`{construct.key}` is understood, but not carried out by this version yet{ending}"
        for path in construct.used(workspace, campaign):
            place = workspace.place(*path, key=True)
            yield problem_at(place, construct.code, message, construct.help, severity)
