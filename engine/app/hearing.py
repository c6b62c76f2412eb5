"""Wiring for hearing by mail: mails read and taken in, and the storms that wait for a person's word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from os.path import expanduser
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.app import running
from engine.app.desk import Desk
from engine.definitions.workspace import Workspace
from engine.errors import UsageError
from engine.flows.receive import quarantine
from engine.flows.receive.quarantine import Storm
from engine.flows.receive.receiving import Received, receive
from engine.flows.receive.understanding import Ears
from engine.mailbox.answer import Answer
from engine.mailbox.reading import read
from engine.mailbox.sources import Source, mails
from engine.model.heard import Heard
from engine.model.words import Purpose

if TYPE_CHECKING:
    from sqlalchemy import Connection

MAIL = "mail"
"""Whose news it is that mails bring."""

AT_ONCE = 100
"""Mails taken in one transaction."""

WITHOUT_A_LETTER = "unknown"
"""What stands for the run of bounces that name no letter of ours."""


@dataclass(frozen=True, slots=True)
class MailLine:
    """What one mail says about one recipient, and what was done about it."""

    file: str
    answer: Answer
    action: str
    campaign: str = ""

    def as_json(self) -> dict[str, object]:
        """One object of `hear --json`."""
        answer = self.answer
        return {
            "file": self.file,
            "address": answer.address or None,
            "kind": str(answer.kind),
            "status": answer.status or None,
            "action": self.action,
            "meaning": str(answer.bounce) if answer.bounce else None,
            "campaign": self.campaign or None,
            "detail": answer.detail[:LONGEST] or None,
        }


LONGEST = 500


@dataclass(frozen=True, slots=True)
class StormLine:
    """Hard bounces that wait for a person's word."""

    storm: Storm

    @property
    def run(self) -> str:
        """What names it on the command line."""
        return WITHOUT_A_LETTER if self.storm.run is None else str(self.storm.run)

    def as_json(self) -> dict[str, object]:
        """One object of `heard --json`."""
        return {
            "run": self.run,
            "campaign": self.storm.campaign or None,
            "occurrence": self.storm.occurrence or None,
            "provider": self.storm.provider,
            "bounces": self.storm.bounces,
            "letters": self.storm.letters,
            "reason": self.storm.reason,
            "domains": dict(self.storm.domains),
        }


def marketing_topics(workspace: Workspace) -> dict[str, str]:
    """Each campaign's topic; one that only has to be told, or is about nothing one can leave, has none."""
    return {
        name: campaign.topic
        for name, campaign in workspace.campaigns.items()
        if campaign.purpose is Purpose.MARKETING and campaign.topic
    }


class Box(Protocol):
    """A place where mails land, and where it is remembered which of them were heard."""

    def mails(self) -> Iterator[Source]:
        """Those that were not heard yet."""

    def heard(self, sources: Sequence[Source]) -> None:
        """What these say is written down: they need no second look."""

    def close(self) -> None:
        """Let go of it."""


def hear(
    desk: Desk,
    paths: Sequence[Path],
    *,
    dry_run: bool = False,
    tell: Callable[[int], None] = lambda done: None,
) -> list[MailLine]:
    """Reads mails and takes in what they say; `dry_run` takes it back again. UsageError for unreadable paths.

    Without a path, the workspace's mailbox: its mails are marked only after what they say is kept, so that one
    that is read again says nothing new.
    """
    if paths:
        return _hear(desk, mails(list(paths)), None, dry_run=dry_run, tell=tell)
    box = mailbox(desk, touched=not dry_run)
    with closing(box):
        return _hear(desk, box.mails(), box, dry_run=dry_run, tell=tell)


def mailbox(desk: Desk, *, touched: bool = True) -> Box:
    """The workspace's mailbox, not opened yet; `touched` False changes nothing in it. UsageError without one."""
    project = desk.workspace.project
    options = project.mailbox
    if options is None:
        raise UsageError(
            "there is nothing to read: no path was named, and the workspace has no mailbox",
            help="name .eml files, mbox files, Maildirs or folders of mails, or write `mailbox:` into "
            "config/project.yaml",
        )
    if options.maildir:
        from engine.mailbox.maildir import MaildirBox

        return MaildirBox(desk.root / Path(expanduser(options.maildir)))
    from engine.mailbox.imap import Account, ImapBox

    assert options.imap is not None
    assert options.user is not None
    assert options.password is not None
    account = Account(
        options.imap,
        options.user.reveal(),
        options.password.reveal(),
        port=options.port or 0,
        security=options.security,
        folder=options.folder,
        move_to=options.move_to or "",
        allow_private_networks=project.allow_private_networks,
    )
    return ImapBox(account, touched=touched)


def _hear(
    desk: Desk, sources: Iterator[Source], box: Box | None, *, dry_run: bool, tell: Callable[[int], None]
) -> list[MailLine]:
    with desk.database.read() as connection:
        install = running.install(connection)
    ears = Ears(MAIL, install, marketing_topics(desk.workspace), by_mail=True)
    found: list[MailLine] = []
    if dry_run:
        with desk.trial() as connection:
            for some in _some(sources):
                found += _take(connection, desk, ears, some)
                tell(len(found))
        return found
    for some in _some(sources):
        with desk.database.write() as connection:
            found += _take(connection, desk, ears, some)
        if box is not None:
            box.heard(some)
        tell(len(found))
    return found


def _some(sources: Iterable[Source]) -> Iterator[list[Source]]:
    remaining = iter(sources)
    while some := list(islice(remaining, AT_ONCE)):
        yield some


def _take(connection: Connection, desk: Desk, ears: Ears, sources: Sequence[Source]) -> list[MailLine]:
    told = [(source.file, answer) for source in sources for answer in read(source.raw, ears.install)]
    items = [_heard(desk, answer) for _, answer in told if answer.news is not None]
    received = iter(receive(connection, ears, items, desk.now))
    nothing = Received(None, "ignore")
    lines = []
    for file, answer in told:
        done = next(received) if answer.news is not None else nothing
        lines.append(MailLine(file, answer, done.action, done.campaign))
    return lines


def _heard(desk: Desk, answer: Answer) -> Heard:
    assert answer.news is not None
    return Heard(
        answer.news,
        answer.at or desk.now,
        answer.identity,
        reference=answer.reference,
        address=answer.address,
        bounce=answer.bounce,
        detail=answer.detail,
    )


def storms(desk: Desk) -> list[StormLine]:
    """Everything that waits for a person's word."""
    with desk.database.read() as connection:
        return [StormLine(each) for each in quarantine.waiting(connection)]


def judge(desk: Desk, name: str, *, real: bool) -> int:
    """A person's word about the held bounces of a run: real, so that they suppress, or the provider's fault."""
    waiting = {line.run: line for line in storms(desk)}
    if name not in waiting:
        known = ", ".join(waiting) or "none"
        raise UsageError(f"no bounces of run `{name}` wait for a word", help=f"waiting: {known}")
    with desk.database.write() as connection:
        return quarantine.judge(connection, waiting[name].storm.run, real=real, now=desk.now)
