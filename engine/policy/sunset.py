"""Sunset: from signs of life and past letters to a stage, and how often somebody in it may be written to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.model.duration import Duration
from engine.model.stage import Stage, days

if TYPE_CHECKING:
    from engine.definitions.schema.sunset import Sunset
    from engine.definitions.workspace import Workspace

TIME_TO_ANSWER = timedelta(days=7)
"""A letter has gone unanswered when it left at least so long ago."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One step. `days`: of silence; `rhythm`: how often marketing may reach them, None: as always."""

    stage: Stage
    days: int
    words: str = ""
    rhythm: Duration | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The steps somebody drifts down. `evidence`: events that are signs of life; `campaign`: asks for the last time."""

    evidence: tuple[str, ...]
    letters: int
    rungs: Mapping[Stage, Rung]
    campaign: str = ""

    @property
    def gap(self) -> int:
        """How many days lie between the last ask and being dormant."""
        return self.rungs[Stage.DORMANT].days - self.rungs[Stage.LAST_ASK].days

    @property
    def last_gap(self) -> int:
        """How many days somebody is dormant at least, before they are not written to any more."""
        return self.rungs[Stage.SUPPRESSED].days - self.rungs[Stage.DORMANT].days


@dataclass(frozen=True, slots=True)
class Silence:
    """Letters since the last sign of life.

    `first`: when the first of them left; `last`: the last one that has had time to be answered, and `letters` how many
    of these there are. `asked`: when the last ask left. `owned`: they have a person of their own.
    """

    first: datetime | None = None
    last: datetime | None = None
    letters: int = 0
    asked: datetime | None = None
    owned: bool = False


def stage_of(ladder: Ladder, silence: Silence, moment: datetime) -> Stage:
    """Where somebody stands.

    Silence lies between two letters: nobody drifts away who is not written to. After the last ask it is time that
    counts, and before letters end altogether one more, sent while they were dormant, must have gone unanswered.
    """
    first, last, rungs = silence.first, silence.last, ladder.rungs
    if first is None or last is None or silence.letters < ladder.letters:
        return Stage.ENGAGED
    reached = [stage for stage, rung in rungs.items() if last - first >= timedelta(days=rung.days)]
    if Stage.DORMANT in rungs:
        dormant_at = _dormant_at(ladder, silence, first, reached)
        if dormant_at is not None and moment >= dormant_at:
            ended = Stage.SUPPRESSED in rungs and not silence.owned and last > dormant_at
            over = ended and moment >= _suppressed_at(ladder, first, dormant_at)
            return Stage.SUPPRESSED if over else Stage.DORMANT
        reached = [stage for stage in reached if stage not in (Stage.DORMANT, Stage.SUPPRESSED)]
    if silence.owned:
        reached = [stage for stage in reached if stage is not Stage.SUPPRESSED]
    return reached[-1] if reached else Stage.ENGAGED


def _dormant_at(ladder: Ladder, silence: Silence, first: datetime, reached: list[Stage]) -> datetime | None:
    """From when on they are dormant; None where the last ask has not left, or too few letters did."""
    if Stage.LAST_ASK not in ladder.rungs:
        at = first + timedelta(days=ladder.rungs[Stage.DORMANT].days)
        return at if Stage.DORMANT in reached else None
    if silence.asked is None or Stage.LAST_ASK not in reached:
        return None
    at = first + timedelta(days=ladder.rungs[Stage.DORMANT].days)
    return max(at, silence.asked + timedelta(days=ladder.gap))


def _suppressed_at(ladder: Ladder, first: datetime, dormant_at: datetime) -> datetime:
    written = first + timedelta(days=ladder.rungs[Stage.SUPPRESSED].days)
    return max(written, dormant_at + timedelta(days=ladder.last_gap))


def ladder_of(workspace: Workspace) -> Ladder | None:
    """The steps of the workspace's `sunset`, each with its file and line; None where there is none."""
    return read_ladder(workspace.policy.sunset, workspace.where)


def read_ladder(sunset: Sunset | None, locate: Callable[..., str]) -> Ladder | None:
    """The steps as they are written. `locate`: from the keys that lead to a step to its `file:line`."""
    if sunset is None:
        return None
    rungs: dict[Stage, Rung] = {}
    rhythm: Duration | None = None
    for stage in Stage:
        step = getattr(sunset, stage, None)
        if step is None:
            continue
        # Whoever is asked for the last time is still cooling.
        rhythm = getattr(step, "cadence", rhythm)
        where = locate("policy", "sunset", str(stage))
        rungs[stage] = Rung(stage, days(step.after), f"after {step.after}", rhythm, where)
    asking = sunset.last_ask.campaign if sunset.last_ask is not None else ""
    return Ladder(sunset.events, sunset.letters, rungs, asking)
