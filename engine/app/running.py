"""Wiring for planning and sending: the flows in their order, first the plan, then the letters."""

from __future__ import annotations

import logging
import secrets
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from engine.app import asking
from engine.app.desk import Desk
from engine.app.lacking import skip_missing
from engine.app.letters import letter_problems
from engine.app.people import rulebook
from engine.app.revision import revision
from engine.audience.own_dates import OwnDates
from engine.calendar import occurrence as occurrence_of
from engine.definitions.checks.not_yet import blocking
from engine.definitions.schema.campaign import Campaign, Status
from engine.errors import DefinitionsError, Refused
from engine.flows.compose.composer import Composer
from engine.flows.compose.patterns import guessable_codes
from engine.flows.gather import reading, remembering
from engine.flows.plan import instead, planning
from engine.flows.plan.choosing import VariantKey
from engine.flows.plan.planning import Plan
from engine.flows.plan.spreading import spread
from engine.flows.plan.timing import Waves, dates_of, waves_of
from engine.model.post import Post
from engine.model.problem import Severity
from engine.store import counts, links, meta, persons, posts, runs, turns, variants
from engine.store.crash import crash
from engine.store.ledger import plan as ledger
from engine.store.ledger.discarding import discard
from engine.templating.compile import Compiled
from engine.templating.links import Signer
from engine.templating.storing import dump

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

log = logging.getLogger(__name__)

INSTALL_CHARACTERS = 8
MADE_OF = "made_of"
"""Where a run's snapshot keeps the fingerprints of what its letters were made of."""


@dataclass(frozen=True)
class Draft:
    """A campaign about to be planned.

    `feeds`: as they were read for it; None until somebody has to look. `waves`: where every reader has a moment of
    their own; None where everybody's letter is due at once. `dates`: where readers' own dates say who is concerned.
    `among`: asked in the planning's transaction for the only customers who are concerned.
    """

    campaign: Campaign
    occurrence: str
    moment: datetime
    feeds: list[reading.Read] | None = None
    waves: Waves | None = None
    dates: OwnDates | None = None
    among: Callable[[Connection], Select[tuple[int]]] | None = None


def check_sendable(desk: Desk, campaign: Campaign, moment: datetime) -> None:
    """Refused for drafts and for what this version does not run; DefinitionsError for mistakes in its letter."""
    offer = campaign.content.offer
    wrong = [
        *(guessable_codes(desk.workspace, only=offer) if offer else ()),
        *(
            found
            for found in letter_problems(desk.workspace, moment, only=campaign.campaign)
            if found.severity is Severity.ERROR
        ),
    ]
    if wrong:
        raise DefinitionsError(wrong, desk.root)
    if campaign.status is not Status.ACTIVE:
        place = desk.workspace.place("campaigns", campaign.campaign, "status")
        raise Refused(
            f"{campaign.campaign} is {campaign.status}, and only active campaigns are sent",
            help=f"write `status: active` in {place.file}; `--test ADDRESS` sends a sample of a draft",
        )
    stopping = blocking(desk.workspace, campaign)
    if stopping:
        first = stopping[0]
        raise Refused(
            f"{first.file}:{first.line}: {first.message}"
            + (f" (and {len(stopping) - 1} more)" if stopping[1:] else ""),
            help=first.help,
        )


def draft(
    desk: Desk, name: str, at: str | None, occurrence: str | None = None, *, at_once: bool = False
) -> Draft:
    """The campaign's occurrence at that moment. Raises DefinitionsError, UsageError.

    `at_once`: nobody's letter waits for their own moment.
    """
    campaign = desk.campaign(name)
    moment = desk.moment(at)
    # Columns are added in a transaction of their own, before ours begins.
    assert desk.fields is not None
    if asking.asks(desk, campaign.campaign):
        return Draft(campaign, occurrence or asking.occurrence(desk), moment, among=asking.those_to_ask(desk))
    name = occurrence or occurrence_of(campaign, moment, desk.zone)
    waves = None if at_once else waves_of(campaign, name, moment, desk.zone)
    return Draft(campaign, name, moment, None, waves, dates_of(campaign, name, moment, desk.zone))


def with_feeds(desk: Desk, made: Draft, *, remember: bool = False) -> Draft:
    """The draft with its feeds read just now; `remember`: write a failure down. Raises FeedUnreadable."""
    wanted = {
        choice.feed: desk.workspace.feeds[choice.feed] for choice in made.campaign.content.feeds.values()
    }
    found = reading.read(
        desk.database,
        wanted,
        root=desk.root,
        allow_private=desk.workspace.project.allow_private_networks,
        now=desk.now,
        remember=remember,
    )
    return replace(made, feeds=found)


def composer(desk: Desk, connection: Connection, campaign: Campaign) -> Composer:
    """What compiles and fills this campaign's letters."""
    names = {name: sender.name for name, sender in desk.workspace.senders.items()}
    columns = persons.columns(desk.fields, desk.database.is_sqlite, desk.zone, names)
    return Composer(
        desk.workspace, campaign, signer(desk, connection), columns, install(connection), desk.zone
    )


def install(connection: Connection) -> str:
    """The short id of this database that begins every letter's reference."""
    return (meta.value(connection, meta.INSTALL_ID) or "")[:INSTALL_CHARACTERS]


def signer(desk: Desk, connection: Connection) -> Signer:
    """Signs links with the workspace's key, or the database's own; believes every key links were ever signed with."""
    project = desk.workspace.project
    written = [project.signing_key.reveal()] if project.signing_key is not None else []
    own = meta.value(connection, meta.SIGNING_KEY) or meta.value(connection, meta.INSTALL_ID) or ""
    old = [key.reveal() for key in project.old_signing_keys]
    return Signer([*written, own, *old])


def begin(
    desk: Desk, connection: Connection, made: Draft, *, restrict: int | None = None, relaxed: bool = False
) -> tuple[Plan, dict[str, VariantKey]]:
    """The first half of planning, in the caller's transaction: the frozen audience and everybody's variant key.

    `restrict`: one customer only. `relaxed`: without exclusions, consent and earlier letters, to show a letter.
    """
    assert made.feeds is not None
    plan = frozen(desk, connection, made, restrict=restrict, relaxed=relaxed)
    return plan, planning.choose(connection, plan)


def frozen(
    desk: Desk, connection: Connection, made: Draft, *, restrict: int | None = None, relaxed: bool = False
) -> Plan:
    """The audience alone, everybody with a decision as far as no letter is asked for it; without feeds, without posts."""
    read = made.feeds or []
    feeds = {found.feed: desk.workspace.feeds[found.feed] for found in read}
    notices = remembering.record(connection, read, feeds, desk.now) if read else []
    run, _ = runs.get_or_create(
        connection, made.campaign.campaign, made.occurrence, as_of=made.moment, now=desk.now
    )
    plan = Plan(
        workspace=desk.workspace,
        campaign=made.campaign,
        run=run,
        rules=rulebook(desk, run.as_of),
        posts={name: remembering.announceable(connection, name, feeds[name], run.as_of) for name in feeds},
        moment=run.as_of,
        now=desk.now,
        restrict=restrict,
        relaxed=relaxed,
        notes=[*notices],
        waves=made.waves,
        dates=made.dates,
        among=made.among(connection) if made.among is not None else None,
    )
    plan = planning.with_account(connection, plan)
    if restrict is None:
        planning.check_expectations(connection, plan)
        planning.check_offer(plan)
    planning.freeze(connection, plan)
    return plan


def compile_variants(
    desk: Desk, maker: Composer, plan: Plan, keys: Mapping[str, VariantKey], known: Mapping[int, Post]
) -> dict[str, tuple[VariantKey, Compiled]]:
    """Each distinct variant compiled once, by its key's text."""
    compiled: dict[str, tuple[VariantKey, Compiled]] = {}
    for key in keys.values():
        text = key.text()
        if text in compiled:
            continue
        compiled[text] = (key, compile_key(maker, key, known, plan.moment))
    return compiled


def compile_key(maker: Composer, key: VariantKey, known: Mapping[int, Post], moment: datetime) -> Compiled:
    """The variant of that key. `known`: its posts by row number. `moment`: when its run was planned."""
    return maker.compile(
        {name: [known[number] for number in numbers] for name, numbers in key.posts},
        sender=key.sender,
        owner=key.owner,
        with_offer=key.offer,
        moment=moment,
        tracked=key.tracked,
        covers=key.covers,
        owner_covers=key.owner_covers,
    )


def complete(
    desk: Desk,
    connection: Connection,
    maker: Composer,
    plan: Plan,
    keys: Mapping[str, VariantKey],
    compiled: Mapping[str, tuple[VariantKey, Compiled]],
) -> None:
    """The second half: variants stored, everybody assigned, people without a needed value skipped.

    An account whose person is skipped here is written to by its next one.
    """
    _keep(desk, connection, maker, plan, keys, compiled)
    while planning.next_contacts(connection, plan):
        more = planning.choose(connection, plan)
        known = posts.by_ids(connection, [number for key in more.values() for number in key.post_ids])
        _keep(desk, connection, maker, plan, more, compile_variants(desk, maker, plan, more, known))
    spread(connection, plan)


def _keep(
    desk: Desk,
    connection: Connection,
    maker: Composer,
    plan: Plan,
    keys: Mapping[str, VariantKey],
    compiled: Mapping[str, tuple[VariantKey, Compiled]],
) -> None:
    numbers = {
        text: keep_variant(connection, plan.campaign, plan.run.id, key, made, desk.now)
        for text, (key, made) in compiled.items()
    }
    planning.assign(connection, plan, keys, numbers)
    made_of = {numbers[text]: made for text, (_, made) in compiled.items()}
    skip_missing(connection, maker, plan.run.id, plan.campaign.content.offer or "", made_of)


def keep_variant(
    connection: Connection, campaign: Campaign, run: int, key: VariantKey, made: Compiled, now: datetime
) -> int:
    """The number of the run's variant, stored unless it is already."""
    number = variants.get_or_create(
        connection,
        run,
        key.text(),
        dump(made.program),
        made.program.subject.text,
        tuple(dict.fromkeys(key.post_ids)),
        now,
        offer=(campaign.content.offer or "") if key.offer else "",
    )
    links.keep(connection, number, made.targets)
    return number


class Saving(Enum):
    """Whether a plan is kept for a person to approve. `LARGE`: where `approve_above` asks for that."""

    NEVER = "never"
    LARGE = "large"
    ALWAYS = "always"


def make_run(
    desk: Desk, made: Draft, *, saving: Saving = Saving.NEVER, instead_of: int | None = None
) -> tuple[runs.Run, bool]:
    """The occurrence's run, ready to be sent or further; and whether it was planned just now.

    However many ask at once, one plans and the others get what it made. Half a plan that a dead process left is
    made anew: its audience and its moments are those of another time.

    `saving`: whether it awaits a person's approval; Refused where that is asked for and `NEVER`. `instead_of`: a
    plan nothing of which has left, thrown away for this one.
    """
    existing = planned_run(desk, made)
    if existing is not None and existing.id != instead_of:
        return existing, False
    with turns.alone(desk.database, *turn(made.campaign.campaign, made.occurrence)):
        existing = planned_run(desk, made)
        if existing is not None and existing.id != instead_of:
            return existing, False
        run = _plan_run(desk, made, saving)
        crash("after_plan")
        return run, True


def turn(campaign: str, occurrence: str) -> tuple[str, ...]:
    """The name of the turn of whoever plans that occurrence."""
    return ("plan", campaign, occurrence)


def planned_run(desk: Desk, made: Draft) -> runs.Run | None:
    """The occurrence's run, unless it is planned only in part."""
    with desk.database.read() as connection:
        found = runs.find(connection, made.campaign.campaign, made.occurrence)
    return None if found is None or found.state == runs.PLANNING else found


def _plan_run(desk: Desk, made: Draft, saving: Saving) -> runs.Run:
    """Plan the occurrence for real, in two short transactions. What goes wrong half-way leaves no run behind."""
    made = with_feeds(desk, made, remember=True)
    with desk.database.write() as connection:
        if desk.workspace.project.signing_key is None:
            meta.ensure(connection, meta.SIGNING_KEY, lambda: secrets.token_urlsafe(32))
        left = runs.find(connection, made.campaign.campaign, made.occurrence)
        if left is not None and not discard(connection, left.id):
            raise Refused(
                f"run {left.id} of {made.campaign.campaign} is being sent since a moment ago",
                help=f"`touchbase runs {left.id}` shows it",
            )
        plan, keys = begin(desk, connection, made)
        if left is not None and left.due_at is not None and left.state != runs.MISSED:
            runs.take_up(connection, plan.run.id, left.due_at)
        known = posts.by_ids(connection, [number for key in keys.values() for number in key.post_ids])
        maker = composer(desk, connection, made.campaign)
    try:
        compiled = compile_variants(desk, maker, plan, keys, known)
        made_from = revision(desk.workspace, made.campaign)
        with desk.database.write() as connection:
            complete(desk, connection, maker, plan, keys, compiled)
            runs.describe(
                connection,
                plan.run.id,
                revision=str(made_from),
                provider=desk.workspace.project.provider,
                snapshot={"notes": plan.notes, MADE_OF: made_from.parts},
                requested=0,
            )
            awaiting = saving is Saving.ALWAYS or _is_large(desk, connection, made, plan.run.id, saving)
            ledger.open_run(connection, plan.run.id, desk.now, approved=not awaiting)
            if not awaiting:
                instead.make_tasks(connection, plan)
    except BaseException:
        throw_away(desk, plan.run.id)
        if left is not None and left.state == runs.MISSED:
            with desk.database.write() as connection:
                runs.miss(connection, left.campaign, left.occurrence, left.as_of, left.reason, desk.now)
        raise
    run = plan.run
    log.info("run planned", extra={"run": run.id, "campaign": run.campaign, "occurrence": run.occurrence})
    return replace(run, state=runs.AWAITING if awaiting else runs.READY)


def _is_large(desk: Desk, connection: Connection, made: Draft, run: int, saving: Saving) -> bool:
    """Whether a person must approve of so many letters; Refused where the plan is not to be saved for that."""
    limit = made.campaign.safety.approve_above
    letters = counts.counts(connection, run).pending
    if limit is None or letters <= limit:
        return False
    if saving is Saving.NEVER:
        place = desk.workspace.place("campaigns", made.campaign.campaign, "safety", "approve_above")
        named = in_command(desk, made.campaign, made.occurrence)
        raise Refused(
            f"{letters:,} letters need a person's approval: more than `approve_above: {limit}`"
            f" ({place.where})",
            help=f"type `touchbase plan {named} --save`, then `touchbase approve RUN` with the run it names,"
            f" then `touchbase send {named}`",
        )
    return True


def in_command(desk: Desk, campaign: Campaign, occurrence: str) -> str:
    """The campaign as a command names it; with its occurrence where that is not the present one."""
    present = occurrence == occurrence_of(campaign, desk.now, desk.zone)
    name = campaign.campaign
    return name if present else f"{name} --occurrence {shlex.quote(occurrence)}"


def throw_away(desk: Desk, run: int) -> None:
    """Forget a plan nothing of which has left."""
    with desk.database.write() as connection:
        discard(connection, run)
