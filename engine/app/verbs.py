"""One method per verb of the command contract, on an opened workspace."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.app import dispatching, feeding, halting, hearing, resolving, running, showing
from engine.app.desk import Desk
from engine.app.dispatching import Prepared
from engine.app.sampling import send_sample
from engine.errors import Refused, UsageError
from engine.flows.intake.customers import import_customers
from engine.flows.intake.events import import_events
from engine.model.doubt import Resolution, Word
from engine.model.feed_report import FeedLine
from engine.model.letter import Letter
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
from engine.store import counts, history
from engine.store import runs as run_store
from engine.store.customers import Customer

if TYPE_CHECKING:
    from engine.app.reception import Reception

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
        return any(self.desk.provider_type(name) != "outbox" for name in self.desk.ways_out)

    def import_customers(
        self, file: Path, *, dry_run: bool = False, rejects: Path | None = None, progress: Progress = _silent
    ) -> ImportReport:
        """Customers from a CSV file; `-` is standard input."""
        desk = self.desk
        return import_customers(
            desk.database,
            desk.workspace.customers,
            sys.stdin.buffer if str(file) == "-" else file,
            now=desk.now,
            zone=desk.zone,
            topics=desk.workspace.project.topics or None,
            dry_run=dry_run,
            rejects=rejects or _rejects(file),
            progress=progress,
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
        desk = self.desk
        return import_events(
            desk.database,
            desk.workspace.customers,
            event,
            sys.stdin.buffer if str(file) == "-" else file,
            now=desk.now,
            zone=desk.zone,
            dry_run=dry_run,
            rejects=rejects or _rejects(file),
            progress=progress,
        )

    def segments(self, *, at: str | None = None) -> list[SegmentCount]:
        """Every segment and how many people are in it."""
        from engine.audience import segments

        rules = running.rulebook(self.desk, self.desk.moment(at))
        found = []
        with self.desk.database.read() as connection:
            for name, segment in self.desk.workspace.segments.items():
                number = segments.count(connection, rules, name)
                least, most = segment.expect.between if segment.expect is not None else (0, number)
                words = f"{least:,} to {most:,}"
                found.append(SegmentCount(name, segment.title, number, least <= number <= most, words))
        return found

    def segment_people(self, name: str, *, at: str | None = None) -> list[PersonDecision]:
        """The people of one segment."""
        from engine.audience import segments

        self._known_segment(name)
        rules = running.rulebook(self.desk, self.desk.moment(at))
        with self.desk.database.read() as connection:
            return [
                PersonDecision(person.customer_id, person.email or "", "in")
                for person in segments.people(connection, rules, name)
            ]

    def explain(self, name: str, email: str, *, at: str | None = None) -> tuple[bool, list[Fact]]:
        """Whether a person is in a segment, and each condition's verdict."""
        self._known_segment(name)
        customer = showing.find_customer(self.desk, email)
        with self.desk.database.read() as connection:
            facts = showing.segment_facts(self.desk, connection, None, name, customer)
        return bool(facts[0].passed), facts

    def _known_segment(self, name: str) -> None:
        from difflib import get_close_matches

        if name not in self.desk.workspace.segments:
            near = get_close_matches(name, self.desk.workspace.segments, n=1)
            help = (
                f"did you mean `{near[0]}`?"
                if near
                else f"there are: {', '.join(self.desk.workspace.segments)}"
            )
            raise UsageError(f"there is no segment `{name}`", help=help)

    def feeds(self, name: str | None = None, *, read: bool = False) -> list[FeedLine]:
        """Every feed, or one with its posts; `read`: looked at now, all of them where their time has come."""
        return feeding.look(self.desk, name) if read else feeding.lines(self.desk, name)

    def settle_posts(self, feed: str, *, announce: bool) -> int:
        """Release the posts held because too many looked new at once, or dismiss them; how many."""
        return feeding.settle(self.desk, feed, announce=announce)

    def plan(self, campaign: str, *, at: str | None = None, progress: Progress = _silent) -> PlanReport:
        """Who gets what, who does not, and why; nothing is kept."""
        return showing.plan_report(self.desk, running.draft(self.desk, campaign, at))

    def preview(self, campaign: str, email: str, *, at: str | None = None) -> Preview:
        """One person's letter, whatever stands against sending it, and what the linter says."""
        made = running.with_feeds(self.desk, running.draft(self.desk, campaign, at))
        customer = showing.find_customer(self.desk, email)
        row = showing.decide(self.desk, made, customer)
        found = showing.one_letter(self.desk, made, customer.id)
        if found is None:
            reason = f"{row.reason}: {row.detail}" if row is not None else "in no segment of the audience"
            raise UsageError(
                f"there is no letter of {campaign} for {email}: {reason}",
                help=f"see `touchbase why {email} {campaign}`",
            )
        _, letter, message = found
        decision = (
            showing.decision_of(row)
            if row is not None
            else PersonDecision(customer.customer_id, email, "skip", "not_selected")
        )
        return Preview(
            campaign=campaign,
            email=email,
            sender=f"{letter.sender.name} <{letter.sender.address}>",
            subject=letter.subject,
            preheader="",
            html=letter.html,
            text=letter.text,
            message=message,
            decision=decision,
            findings=self._lint(made, letter),
        )

    def _lint(self, made: running.Draft, letter: Letter) -> list[dict[str, object]]:
        from engine.flows.compose.proof import proofread

        return [
            {
                "code": finding.code,
                "severity": str(finding.level),
                "message": finding.message,
                "help": finding.help,
                "line": finding.line,
                "part": finding.part,
                "source": finding.source,
            }
            for finding in proofread(self.desk.workspace, made.campaign, letter)
        ]

    def write_preview(self, preview: Preview, out: Path) -> None:
        """The letter into a file: .html, .txt or .eml."""
        content = {".txt": preview.text.encode(), ".eml": preview.message}.get(
            out.suffix, preview.html.encode()
        )
        try:
            out.write_bytes(content)
        except OSError as error:
            raise UsageError(
                f"{out} cannot be written: {error.strerror}", help="name another file"
            ) from error

    def prepare(
        self,
        campaign: str,
        *,
        at: str | None = None,
        occurrence: str | None = None,
        progress: Progress = _silent,
    ) -> Prepared:
        """The occurrence's run, planned now unless it was before."""
        return dispatching.prepare(self.desk, campaign, at, occurrence)

    def discard(self, prepared: Prepared) -> None:
        """Forget a run of which nothing has left."""
        running.throw_away(self.desk, prepared.run.id)

    def send(
        self, prepared: Prepared, *, limit: int | None = None, progress: Progress = _silent
    ) -> RunReport:
        """Send what is due of the run. Raises ProviderError when the way out is closed; what left is kept."""
        mailed = dispatching.send(self.desk, prepared, limit, progress)
        return self.run(
            str(prepared.run.id), sent_now=mailed.accepted, interrupted=mailed.interrupted, notes=mailed.notes
        )

    def pause(self, campaign: str, reason: str = "") -> Halt:
        """Nothing of the campaign is sent until `resume`."""
        return halting.pause(self.desk, campaign, reason)

    def resume(self, campaign: str) -> Halt:
        """The campaign may be sent again. Raises Refused if nothing was paused."""
        return halting.resume(self.desk, campaign)

    def cancel(self, run: str) -> tuple[int, RunReport]:
        """Ends a run for good; how many letters of it will never leave, and its numbers."""
        return halting.cancel(self.desk, run), self.run(run)

    def resolve(self, run: str) -> Resolution:
        """Find out what became of a run's uncertain letters; what is left in doubt may be decided."""
        found, findings, lines = resolving.look_into(self.desk, run)
        arrived, refused, unsent = findings.arrived, findings.refused, findings.unsent
        return Resolution(self.run(str(found.id)), arrived, refused, unsent, lines)

    def decide(self, run: str, word: Word, emails: Sequence[str] = ()) -> int:
        """A person's word about letters in doubt; how many. Raises Refused while their call is under way."""
        return resolving.decide(self.desk, run, word, emails)

    def send_test(self, campaign: str, address: str, *, at: str | None = None) -> dict[str, object]:
        """One sample letter to an address of one's own; the ledger is not touched."""
        made = running.with_feeds(self.desk, running.draft(self.desk, campaign, at))
        found = showing.one_letter(self.desk, made, None)
        if found is None:
            raise Refused(f"nobody would get {campaign}, so there is no sample", help="see `touchbase plan`")
        row, letter, _ = found
        return send_sample(self.desk, letter, address, row.address)

    def why(self, email: str, campaign: str) -> WhyReport:
        """The decision for one person and one campaign, and every fact behind it."""
        made = running.draft(self.desk, campaign, None)
        return showing.why(self.desk, made, showing.find_customer(self.desk, email))

    def history(self, email: str, *, limit: int = 100, skip: int = 0) -> list[HistoryLine]:
        """Every touch and event of a customer, newest first."""
        customer: Customer = showing.find_customer(self.desk, email)
        with self.desk.database.read() as connection:
            lines = history.history(connection, customer.id, limit=limit + skip)[skip:]
            return [showing.told(connection, customer.id, line) for line in lines]

    def runs(self) -> list[RunReport]:
        """The runs so far, newest first."""
        with self.desk.database.read() as connection:
            return [self._run_report(connection, run) for run in run_store.recent(connection)]

    def run(
        self, run: str, *, sent_now: int = 0, interrupted: bool = False, notes: Sequence[str] = ()
    ) -> RunReport:
        """One run's numbers, counted from its rows."""
        with self.desk.database.read() as connection:
            found = run_store.get(connection, int(run)) if run.isdecimal() else None
            if found is None:
                raise UsageError(f"there is no run `{run}`", help="`touchbase runs` lists them")
            report = self._run_report(connection, found, sent_now=sent_now, interrupted=interrupted)
            held = hearing.note(connection, found.id)
        return replace(report, notes=(*report.notes, *notes, *held))

    def _run_report(
        self, connection: Any, run: run_store.Run, *, sent_now: int = 0, interrupted: bool = False
    ) -> RunReport:
        notes = run.snapshot.get("notes", ())
        return RunReport(
            campaign=run.campaign,
            run=str(run.id),
            occurrence=run.occurrence,
            state=run.state,
            counts=counts.counts(connection, run.id),
            provider=run.provider,
            as_of=run.as_of,
            sent_now=sent_now,
            interrupted=interrupted,
            letters=self._outbox() if sent_now else None,
            reason=run.reason,
            notes=tuple(str(note) for note in notes) if isinstance(notes, (list, tuple)) else (),
        )

    def _outbox(self) -> Path | None:
        """The page that lists the letters, where they were written to a folder."""
        if self.leaves_machine:
            return None
        options = self.desk.workspace.project.options()
        folder = options.plain().get("folder", "outbox") if options is not None else "outbox"
        return self.desk.root / str(folder) / "index.html"


def _rejects(file: Path) -> Path:
    return Path("stdin.rejects.csv") if str(file) == "-" else file.with_name(f"{file.stem}.rejects.csv")
