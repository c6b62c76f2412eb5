"""Wiring for the verb doctor: everything that sending needs is looked at, one finding after the other."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from engine import clock
from engine.app import checking, originality
from engine.app.desk import Desk
from engine.definitions.files import SECRETS_FILE
from engine.errors import FeedUnreadable, NetworkError, StoreError, UsageError
from engine.flows.examine import domains, machine, surroundings
from engine.flows.examine.selectors import selectors
from engine.flows.gather import reading
from engine.model.finding import Finding, fine, problem, skipped, unknown
from engine.model.problem import Severity
from engine.network.names import Names
from engine.store.posts import FeedState
from engine.store.vitals import Vitals, vitals

INTO_A_FOLDER = "letters go into a folder on this machine; nobody asks who sent them"
OFFLINE = "not looked at, because of --offline"


def findings(workspace: Path | None, *, offline: bool, dns: str) -> Iterator[Finding]:
    """Everything that is looked at, the nearest first. `dns`: a name server; "" for the machine's own."""
    desk = Desk.open_as_it_is(workspace)
    try:
        yield from _files(desk)
        yield machine.python((sys.version_info.major, sys.version_info.minor, sys.version_info.micro))
        yield from _database(desk)
        yield from _surroundings(desk, offline=offline)
        yield from _domains(desk, offline=offline, dns=dns)
    finally:
        desk.close()


def accept_copy(workspace: Path | None) -> originality.Accepted:
    """A person's word that this database may send from here."""
    desk = Desk.open(workspace)
    try:
        return originality.accept(desk)
    finally:
        desk.close()


def _files(desk: Desk) -> Iterator[Finding]:
    found = checking.check(desk.root, ())
    errors = [each for each in found.problems if each.severity is Severity.ERROR]
    if errors:
        first = errors[0]
        what = f"{found.summary}; first: {first.file}:{first.line}: {first.message}"
        yield problem("workspace", what, "what they concern is not sent", "touchbase check")
    else:
        yield fine("workspace", found.summary)
    yield from surroundings.secrets_file(desk.root / SECRETS_FILE)


def _database(desk: Desk) -> Iterator[Finding]:
    before = clock.wall()
    try:
        with desk.database.read() as connection:
            told = vitals(connection, desk.database.path)
        after = clock.wall()
        desk.database.examine()
        yield fine("database", f"{desk.database.place} can be read and is whole")
        yield from _copy(desk)
    except (StoreError, UsageError) as error:
        yield problem("database", error.message, "nothing works without it", error.help)
        yield from machine.clock(machine.Clocks(before, clock.wall(), os.environ.get(clock.VARIABLE, "")))
        return
    if told.sqlite is not None:
        yield machine.sqlite_version(told.sqlite)
    if told.postgresql is not None:
        yield machine.postgresql_version(told.postgresql)
    fixed = os.environ.get(clock.VARIABLE, "").strip()
    yield from machine.clock(machine.Clocks(before, after, fixed, told.clock, told.last_letter))
    yield from _room(desk, told)


def _room(desk: Desk, told: Vitals) -> Iterator[Finding]:
    """Of the workspace's disk, and of the database's where that is another one on this machine."""
    path = desk.database.path
    places = {desk.root: 0, **({path.parent: told.size} if path is not None else {})}
    seen: set[int] = set()
    for place, size in sorted(places.items(), key=lambda found: -found[1]):
        device = place.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield machine.room(place, shutil.disk_usage(place).free, size)


def _copy(desk: Desk) -> Iterator[Finding]:
    doubt = originality.doubt(desk)
    if doubt:
        why = "letters may have left from the original that this copy knows nothing of: it would send them again"
        yield problem("copy", doubt, why, originality.REMEDY)


def _surroundings(desk: Desk, *, offline: bool) -> Iterator[Finding]:
    project = desk.workspace.project
    names = dict.fromkeys((*desk.ways_out, *sorted(project.providers)))
    if offline:
        for name in names:
            yield skipped("provider", f"{name}: {OFFLINE}")
        yield skipped("feed", OFFLINE)
        yield skipped("public_url", OFFLINE)
        return
    for name in names:
        used = name in desk.ways_out
        try:
            way = desk.provider(name)
        except UsageError as error:
            if used:
                yield problem(
                    "provider", f"{name}: {error.message}", "no letter leaves through it", error.help
                )
            else:
                yield skipped("provider", f"{name}: not used now; {error.message}")
            continue
        options = project.options(name)
        key = getattr(options, "webhook_key", True) if options is not None else True
        addresses = {name: sender.email for name, sender in desk.workspace.senders.items()}
        yield from surroundings.provider(way, used=used, hears=key is not None, senders=addresses)
    yield from _feeds(desk)
    yield surroundings.public_address(project.public_url, leaves_machine=desk.leaves_machine)


def _feeds(desk: Desk) -> Iterator[Finding]:
    allowed = desk.workspace.project.allow_private_networks
    for name, definition in desk.workspace.feeds.items():
        state = FeedState(name, definition.url)
        try:
            found = reading.look(name, definition, state, root=desk.root, allow_private=allowed, now=desk.now)
        except (FeedUnreadable, NetworkError) as error:
            yield surroundings.feed(name, 0, error.message, error.help)
            continue
        if isinstance(found, reading.Failed):
            yield surroundings.feed(name, 0, found.error.message, found.error.help)
        else:
            yield surroundings.feed(name, len(found.posts or ()), "", "")


def _domains(desk: Desk, *, offline: bool, dns: str) -> Iterator[Finding]:
    senders = desk.workspace.senders.values()
    found = dict.fromkeys(sender.email.rpartition("@")[2].lower() for sender in senders)
    if offline or not desk.leaves_machine:
        yield skipped("dns", OFFLINE if offline else INTO_A_FOLDER)
        return
    try:
        names = Names(dns)
    except NetworkError as error:
        yield unknown("dns", error.message, error.help)
        return
    types = [desk.provider_type(name) for name in desk.ways_out]
    wanted = selectors(desk.workspace.project.dkim_selectors, types)
    for domain in found:
        yield from domains.examine(names, domain, wanted)
    replying = {sender.reply_to.rpartition("@")[2].lower() for sender in senders if sender.reply_to}
    for domain in sorted(replying - set(found)):
        yield domains.answers(names, domain)
