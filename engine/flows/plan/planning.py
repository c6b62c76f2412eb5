"""Freezing a run and choosing its letters, step by step, in the caller's transaction; each step may be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.audience import accounts, moments, segments
from engine.audience.own_dates import OwnDates
from engine.audience.owning import owning_of
from engine.audience.profile import read_profile
from engine.audience.rulebook import Rulebook
from engine.audience.selection import Selection, audience_select
from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.customers import Accounts
from engine.definitions.schema.offers import Offer
from engine.definitions.workspace import Workspace
from engine.errors import Refused
from engine.flows.plan import contacting, offering, rotating
from engine.flows.plan.choosing import Chooser, VariantKey, offered, profile_fields
from engine.flows.plan.timing import Waves
from engine.model.post import Post
from engine.model.words import Purpose, Reason
from engine.policy.instead import FOR_OWNERS
from engine.store import runs, variants
from engine.store.ledger import handing, one_of_several
from engine.store.ledger import plan as ledger
from engine.store.ledger.moved import Moved, moved

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

Posts = Mapping[str, Sequence[tuple[int, Post, datetime]]]


@dataclass(frozen=True)
class Plan:
    """One run being planned.

    `posts`: by feed, the posts that may be sent; frozen with the run. `moment`: what the audience is taken at.
    `restrict`: only this customer (row number), for a preview of one; None for everybody. `relaxed`: as if they
    were not excluded, had given consent and had no earlier letters, and as if their date were due. `waves`: where
    readers have moments of their own. `dates`: where a date of theirs says whether they are concerned. `beside`: the
    others of the account of `restrict`, without whom nobody could say who of them gets its letter. `among`: rows
    of the only customers who are concerned.
    """

    workspace: Workspace
    campaign: Campaign
    run: runs.Run
    rules: Rulebook
    posts: Posts
    moment: datetime
    now: datetime
    restrict: int | None = None
    relaxed: bool = False
    notes: list[str] = field(default_factory=list)
    waves: Waves | None = None
    dates: OwnDates | None = None
    among: Select[tuple[int]] | None = None
    beside: tuple[int, ...] = ()

    @property
    def only(self) -> int | None:
        """The one customer to decide about; None where there are several."""
        return None if self.beside else self.restrict

    @property
    def accounts(self) -> Accounts | None:
        """What makes an account, where each gets one letter; None where every customer gets one."""
        audience = self.campaign.audience
        wanted = audience is not None and audience.one_per is not None and not self.relaxed
        return self.workspace.customers.accounts if wanted else None

    @property
    def fields(self) -> tuple[str, ...]:
        """The customer fields that decide the variant, and what is asked for like one."""
        owned = self.workspace.account_owner is not None
        return profile_fields(self.campaign, owned=owned, tracked=self.tracked)

    @property
    def tracked(self) -> bool:
        """Whether opens or clicks are noticed of whoever does not object."""
        return any(self.campaign.tracking.under(self.workspace.project.tracking))

    @property
    def offer(self) -> tuple[str, Offer] | None:
        """The campaign's offer and its name."""
        name = self.campaign.content.offer
        return (name, self.workspace.offers[name]) if name else None


def check_expectations(connection: Connection, plan: Plan) -> None:
    """Refused when a segment of the audience is not of the size its `expect` believes."""
    audience = plan.campaign.audience
    assert audience is not None
    for name in (*audience.include, *audience.exclude):
        expected = plan.workspace.segments[name].expect
        if expected is None:
            continue
        found = segments.count(connection, plan.rules, name)
        least, most = expected.between
        if not least <= found <= most:
            place = plan.workspace.place("segments", name, "expect")
            raise Refused(
                f"segment `{name}` has {found:,} people; between {least:,} and {most:,} are expected"
                f" ({place.where})",
                help=f"look at `touchbase segments {name}`; if the number is right, change `expect`",
            )


def check_offer(plan: Plan) -> None:
    """Refused when the campaign's offer has ended."""
    if plan.offer is not None:
        offering.check_not_over(plan.workspace, plan.offer[0], plan.moment, plan.rules.zone)


def with_account(connection: Connection, plan: Plan) -> Plan:
    """The plan with the others of the one customer's account, where they share a letter."""
    if plan.restrict is None or plan.accounts is None:
        return plan
    others = accounts.people_beside(connection, plan.rules, plan.accounts, plan.restrict)
    return replace(plan, beside=others)


def freeze(connection: Connection, plan: Plan) -> int:
    """Everybody the audience names gets a delivery with a first decision; how many there are now."""
    contacting.label(connection, plan)
    contacting.bring_back(connection, plan)
    contact = contacting.contact_of(connection, plan)
    own_moments = contacting.own_moments(connection, plan, contact)
    if own_moments is not None:
        moments.lay_out(connection, own_moments)
    selection = replace(_selection(plan), waves=own_moments is not None, contact=contact)
    chosen = audience_select(plan.rules, selection)
    if plan.restrict is not None:
        chosen = chosen.where(chosen.selected_columns["customer"].in_((plan.restrict, *plan.beside)))
    added = ledger.freeze(connection, plan.run.id, chosen, plan.now)
    if contact is not None and contact.rules.instead:
        handing.mark_for_owners(connection, plan.run.id, FOR_OWNERS)
    return added


def moved_since(connection: Connection, plan: Plan) -> Moved:
    """How far the people of a planned run have moved until `plan.moment`. The rules of contact are not asked: they
    are when the letters leave."""
    return moved(connection, plan.run.id, audience_select(plan.rules, _selection(plan)))


def _selection(plan: Plan) -> Selection:
    audience = plan.campaign.audience
    assert audience is not None
    return Selection(
        campaign=plan.campaign.campaign,
        occurrence=plan.run.occurrence,
        include=tuple(audience.include),
        exclude=() if plan.relaxed else tuple(audience.exclude),
        purpose=Purpose.SERVICE if plan.relaxed else plan.campaign.purpose,
        topic=plan.campaign.topic or "",
        role=plan.workspace.customers.role_field,
        roles=() if plan.relaxed else tuple(audience.roles),
        holdout=audience.holdout.of_one if audience.holdout is not None and not plan.relaxed else 0.0,
        fields=plan.fields,
        owning=owning_of(plan.workspace),
        dates=None if plan.relaxed else plan.dates,
        among=plan.among,
    )


def choose(connection: Connection, plan: Plan) -> dict[str, VariantKey]:
    """Each profile's variant. People whom no letter is for, or whose turn it is not, are skipped; the others have
    their codes reserved.

    Of each account, where it gets one letter, the first who may get it is left.

    Raises Refused when codes run out and the offer says `when_exhausted: stop`.
    """
    _skip_without_letter(connection, plan)
    if plan.accounts is not None:
        one_of_several.skip_others(connection, plan.run.id, _contacts(plan, plan.accounts))
    if not plan.relaxed:
        rotating.rotate(connection, plan)
    if plan.offer is not None:
        _offer(connection, plan, plan.offer[0])
    keys = _keys(connection, plan)
    assert not any(isinstance(key, Reason) for key in keys.values())
    return {profile: key for profile, key in keys.items() if isinstance(key, VariantKey)}


def _contacts(plan: Plan, wanted: Accounts) -> Select[Any]:
    assert plan.campaign.audience is not None
    return accounts.contacts(plan.rules, plan.run.id, wanted, plan.campaign.audience.prefer)


def next_contacts(connection: Connection, plan: Plan) -> bool:
    """Lets the next person of every account try whose first one gets no letter after all; whether there is any.

    They are decided about anew; who is left must be chosen and get a variant, as at first.
    """
    if plan.accounts is None:
        return False
    deserted = accounts.deserted(plan.rules, plan.run.id, plan.accounts)
    if not one_of_several.forget(connection, plan.run.id, deserted):
        return False
    freeze(connection, plan)
    return True


def assign(
    connection: Connection, plan: Plan, keys: Mapping[str, VariantKey], numbers: Mapping[str, int]
) -> None:
    """Gives every planned delivery its variant. `numbers`: the stored variants by their key's text."""
    choices = [ledger.Choice(profile, numbers[key.text()]) for profile, key in keys.items()]
    ledger.assign(connection, plan.run.id, choices)


def _offer(connection: Connection, plan: Plan, name: str) -> None:
    plan.notes.extend(
        offering.reserve(
            connection,
            plan.workspace,
            name,
            plan.run.id,
            moment=plan.moment,
            now=plan.now,
            rules=plan.rules,
        )
    )


def _skip_without_letter(connection: Connection, plan: Plan) -> None:
    keys = _keys(connection, plan)
    ended = [
        ledger.Choice(profile, None, str(key), _explained(key, plan))
        for profile, key in keys.items()
        if isinstance(key, Reason)
    ]
    if ended:
        ledger.assign(connection, plan.run.id, ended)


def _explained(reason: Reason, plan: Plan) -> str:
    wanted = ", ".join(
        f"{name}: at least {choice.at_least} unseen" for name, choice in plan.campaign.content.feeds.items()
    )
    return wanted if reason in (Reason.NO_NEW_POSTS, Reason.TOO_FEW_POSTS) else ""


def _keys(connection: Connection, plan: Plan) -> dict[str, VariantKey | Reason]:
    """The decision for every profile that has none yet."""
    found = [profile for profile, _ in ledger.profiles(connection, plan.run.id)]
    chooser = Chooser(
        plan.campaign,
        {
            name: offered(plan.posts[wanted.feed], plan.workspace.feeds[wanted.feed], wanted, plan.moment)
            for name, wanted in plan.campaign.content.feeds.items()
        },
        plan.workspace.senders,
        plan.fields,
        plan.rules.today,
        plan.tracked,
    )
    marked = ledger.without_code(plan.offer[0]) if plan.offer else "\x00"
    read = {text: read_profile(text.removesuffix(marked), len(plan.fields), 0) for text in found}
    if plan.relaxed:
        read = {text: replace(profile, earlier=()) for text, profile in read.items()}
    earlier = {number for profile in read.values() for number in profile.earlier}
    shown = variants.posts_of(connection, earlier) if earlier else {}
    keys: dict[str, VariantKey | Reason] = {}
    for text, profile in read.items():
        seen = frozenset(post for number in profile.earlier for post in shown.get(number, ()))
        key = chooser.choose(profile, seen)
        without = isinstance(key, VariantKey) and text.endswith(marked)
        keys[text] = key.without_offer() if without and isinstance(key, VariantKey) else key
    return keys
