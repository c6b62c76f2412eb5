"""One method per verb of the command contract, on an opened workspace; each loads only the rooms it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.model.doubt import Resolution, Word

if TYPE_CHECKING:
    from engine.app.dispatching import Prepared
    from engine.app.household import Household
    from engine.app.reception import Reception
    from engine.model.feed_report import FeedLine
    from engine.model.report import (
        Fact,
        Halt,
        HistoryLine,
        ImportReport,
        PersonDecision,
        PlanReport,
        Preview,
        RunReport,
        SegmentCount,
        WhyReport,
    )
    from engine.model.tick import TickReport
    from engine.model.timetable import Timetable

Progress = Callable[[str, int, int | None], None]


def _silent(what: str, done: int, total: int | None) -> None:
    """Progress nobody watches."""


class App:
    """An opened workspace. Every method is a verb of the command contract."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @classmethod
    def open(cls, workspace: Path | None = None) -> App:
        """On the nearest workspace. Raises UsageError or DefinitionsError."""
        return cls(Desk.open(workspace))

    def close(self) -> None:
        """Let go of the database."""
        self.desk.close()

    def household(self) -> Household:
        """What the daemon does in this workspace."""
        from engine.app.household import Household

        return Household(self.desk)

    def reception(self) -> Reception:
        """What the web part does for readers and providers."""
        from engine.app.reception import Reception

        return Reception(self.desk)

    @property
    def provider_name(self) -> str:
        """The chosen way out."""
        return self.desk.workspace.project.provider

    @property
    def leaves_machine(self) -> bool:
        """Whether letters really go out, and not into a folder."""
        return self.desk.leaves_machine

    def is_by_owner(self, campaign: str) -> bool:
        """Whether the campaign sends no letters, but gives the customers' own people tasks."""
        return self.desk.campaign(campaign).by_owner

    def import_customers(
        self, file: Path, *, dry_run: bool = False, rejects: Path | None = None, progress: Progress = _silent
    ) -> ImportReport:
        """Customers from a CSV file; `-` is standard input."""
        from engine.app import importing

        return importing.import_customers(
            self.desk, file, dry_run=dry_run, rejects=rejects, progress=progress
        )

    def import_events(
        self,
        file: Path,
        event: str,
        *,
        dry_run: bool = False,
        rejects: Path | None = None,
        progress: Progress = _silent,
    ) -> ImportReport:
        """Events of known customers from a CSV file; `-` is standard input."""
        from engine.app import importing

        return importing.import_events(
            self.desk, file, event, dry_run=dry_run, rejects=rejects, progress=progress
        )

    def segments(self, *, at: str | None = None) -> list[SegmentCount]:
        """Every segment and how many people are in it."""
        from engine.app import people

        return people.counts(self.desk, at)

    def segment_people(self, name: str, *, at: str | None = None) -> list[PersonDecision]:
        """The people of one segment."""
        from engine.app import people

        return people.members(self.desk, name, at)

    def explain(self, name: str, email: str, *, at: str | None = None) -> tuple[bool, list[Fact]]:
        """Whether a person is in a segment, and each condition's verdict."""
        from engine.app import people

        return people.explained(self.desk, name, email, at)

    def history(self, email: str, *, limit: int = 100, skip: int = 0) -> list[HistoryLine]:
        """Every touch and event of a customer, newest first."""
        from engine.app import people

        return people.past(self.desk, email, limit, skip)

    def feeds(self, name: str | None = None, *, read: bool = False) -> list[FeedLine]:
        """Every feed, or one with its posts; `read`: looked at now, all of them where their time has come."""
        from engine.app import feeding

        return feeding.look(self.desk, name) if read else feeding.lines(self.desk, name)

    def settle_posts(self, feed: str, *, announce: bool) -> int:
        """Release the posts held because too many looked new at once, or dismiss them; how many."""
        from engine.app import feeding

        return feeding.settle(self.desk, feed, announce=announce)

    def plan(
        self,
        campaign: str,
        *,
        at: str | None = None,
        occurrence: str | None = None,
        progress: Progress = _silent,
    ) -> PlanReport:
        """Who gets what, who does not, and why; nothing is kept."""
        from engine.app import running, showing

        return showing.plan_report(self.desk, running.draft(self.desk, campaign, at, occurrence))

    def save_plan(self, campaign: str, *, at: str | None = None, occurrence: str | None = None) -> PlanReport:
        """Plan the occurrence in full and keep it until a person approves it. Refused once it is being sent."""
        from engine.app import saving

        return saving.save(self.desk, campaign, at, occurrence)

    def discard_plan(self, campaign: str, *, at: str | None = None, occurrence: str | None = None) -> int:
        """Throw a saved plan away, as if it had never been made; which run it was. Refused if there is none."""
        from engine.app import saving

        return saving.discard(self.desk, campaign, at, occurrence)

    def approve(self, run: str, by: str = "") -> RunReport:
        """Lets a saved plan be sent. Refused when it is out of date, or waits for no approval."""
        from engine.app import approving

        approving.approve(self.desk, run, by)
        return self.run(run)

    def in_command(self, campaign: str, occurrence: str) -> str:
        """The campaign as a command names it; with its occurrence where that is not the present one."""
        from engine.app import running

        return running.in_command(self.desk, self.desk.campaign(campaign), occurrence)

    def timetable(self, campaign: str, *, at: str | None = None) -> Timetable:
        """A campaign's schedule in words and its next occurrences; looks at nobody."""
        from engine.app import scheduling

        return scheduling.timetable(self.desk, campaign, at)

    def why(self, email: str, campaign: str) -> WhyReport:
        """The decision for one person and one campaign, and every fact behind it."""
        from engine.app import people, running, showing

        made = running.draft(self.desk, campaign, None)
        return showing.why(self.desk, made, people.find_customer(self.desk, email))

    def preview(self, campaign: str, email: str, *, at: str | None = None) -> Preview:
        """One person's letter, whatever stands against sending it, and what the linter says."""
        from engine.app import previewing

        return previewing.preview(self.desk, campaign, email, at)

    def write_preview(self, preview: Preview, out: Path) -> None:
        """The letter into a file: .html, .txt or .eml."""
        from engine.app import previewing

        previewing.write(preview, out)

    def prepare(
        self,
        campaign: str,
        *,
        at: str | None = None,
        occurrence: str | None = None,
        at_once: bool = False,
        progress: Progress = _silent,
    ) -> Prepared:
        """The occurrence's run, planned now unless it was before. `at_once`: nobody waits for their own moment."""
        from engine.app import dispatching

        return dispatching.prepare(self.desk, campaign, at, occurrence, at_once=at_once)

    def discard(self, prepared: Prepared) -> None:
        """Forget a run of which nothing has left."""
        from engine.app import running

        running.throw_away(self.desk, prepared.run.id)

    def send(
        self, prepared: Prepared, *, limit: int | None = None, progress: Progress = _silent
    ) -> RunReport:
        """Send what is due of the run. Raises ProviderError when the way out is closed; what left is kept."""
        from engine.app import dispatching, numbers

        mailed = dispatching.send(self.desk, prepared, limit, progress)
        return numbers.of_run(
            self.desk,
            str(prepared.run.id),
            sent_now=mailed.accepted,
            interrupted=mailed.interrupted,
            notes=mailed.notes,
        )

    def send_test(self, campaign: str, address: str, *, at: str | None = None) -> dict[str, object]:
        """One sample letter to an address of one's own; the ledger is not touched."""
        from engine.app import sampling

        return sampling.send_test(self.desk, campaign, address, at)

    def run_once(self) -> TickReport:
        """Do what the calendars ask for now, to its end."""
        from engine.app import once

        return once.run_once(self.desk)

    def pause(self, campaign: str, reason: str = "") -> Halt:
        """Nothing of the campaign is sent until `resume`."""
        from engine.app import halting

        return halting.pause(self.desk, campaign, reason)

    def resume(self, campaign: str) -> Halt:
        """The campaign may be sent again. Raises Refused if nothing was paused."""
        from engine.app import halting

        return halting.resume(self.desk, campaign)

    def cancel(self, run: str) -> tuple[int, RunReport]:
        """Ends a run for good; how many letters of it will never leave, and its numbers."""
        from engine.app import halting

        return halting.cancel(self.desk, run), self.run(run)

    def resolve(self, run: str) -> Resolution:
        """Find out what became of a run's uncertain letters; what is left in doubt may be decided."""
        from engine.app import resolving

        found, findings, lines = resolving.look_into(self.desk, run)
        arrived, refused, unsent = findings.arrived, findings.refused, findings.unsent
        return Resolution(self.run(str(found.id)), arrived, refused, unsent, lines)

    def decide(self, run: str, word: Word, emails: Sequence[str] = ()) -> int:
        """A person's word about letters in doubt; how many. Raises Refused while their call is under way."""
        from engine.app import resolving

        return resolving.decide(self.desk, run, word, emails)

    def runs(self) -> list[RunReport]:
        """The runs so far, newest first."""
        from engine.app import numbers

        return numbers.recent(self.desk)

    def run(self, run: str) -> RunReport:
        """One run's numbers, counted from its rows."""
        from engine.app import numbers

        return numbers.of_run(self.desk, run)
