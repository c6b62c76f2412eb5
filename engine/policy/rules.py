"""The policy as it concerns one campaign: each rule with its file, its line and its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.model.contact import Label
from engine.model.duration import Duration
from engine.model.stage import Stage
from engine.model.words import Intent, Purpose
from engine.policy.instead import instead_of
from engine.policy.quiet import Hours, Quiet
from engine.policy.sunset import Ladder, Rung, read_ladder

if TYPE_CHECKING:
    from engine.definitions.schema.campaign import Campaign
    from engine.definitions.schema.policy import Policy
    from engine.definitions.workspace import Workspace

Locate = Callable[..., str]
"""From the keys that lead to a rule to its `file:line`."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many letters of a kind in a span. `calendar`: the current day, week, month or year."""

    at_most: int
    per: Duration
    calendar: bool = False
    purpose: str = ""
    intent: str = ""
    topic: str = ""
    tag: str = ""
    where: str = ""

    def concerns(self, label: Label) -> bool:
        """Whether the rule speaks of such letters."""
        return (
            self.purpose in ("", label.purpose)
            and self.intent in ("", label.intent)
            and self.topic in ("", label.topic)
            and (not self.tag or self.tag in label.tags)
        )

    @property
    def words(self) -> str:
        """The rule in a few words."""
        kind = " ".join(word for word in (self.purpose, self.intent) if word)
        about = "".join(f" {key} {word}" for key, word in (("on", self.topic), ("tagged", self.tag)) if word)
        span = f"a calendar {self.per.unit}" if self.calendar else str(self.per)
        letters = "letter" if self.at_most == 1 else "letters"
        return f"at most {self.at_most} {kind + ' ' if kind else ''}{letters}{about} in {span}"


@dataclass(frozen=True, slots=True)
class Balance:
    """At most so many letters with the intent among so many in a row, and none among the first ones."""

    intent: str
    at_most: int
    of_last: int
    not_in_first: int = 0
    where: str = ""

    @property
    def words(self) -> str:
        """The rule in a few words."""
        first = f", none in the first {self.not_in_first}" if self.not_in_first else ""
        return f"at most {self.at_most} {self.intent} of any {self.of_last} letters{first}"


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often one person may get this campaign, by the value of a field."""

    by: str
    rhythms: Mapping[str, Duration]
    otherwise: Duration
    wheres: Mapping[str, str] = field(default_factory=dict)

    def rhythm(self, value: str) -> tuple[Duration, str]:
        """The rhythm for that value of the field, and where it is written."""
        if value in self.rhythms:
            return self.rhythms[value], self.wheres.get(value, "")
        return self.otherwise, self.wheres.get("otherwise", "")


@dataclass(frozen=True, slots=True)
class Hold:
    """People of a segment get no letter like this one. `reason`: hold, or excluded by the campaign itself."""

    segment: str
    where: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class ByPeople:
    """What people do for a customer: which kinds count under caps and balance, and as letters of which purpose and
    intent."""

    kinds: tuple[str, ...] = ()
    purpose: str = str(Purpose.SERVICE)
    intent: str = str(Intent.INFORM)

    def label(self, kind: str) -> Label:
        """What the rules know a touch of that kind by; no campaign has such a name."""
        return Label(f"a {kind}", self.purpose, self.intent)

    @property
    def any_label(self) -> Label:
        """The same for any of the kinds: the rules tell them apart by nothing."""
        return self.label("touch")


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that may keep a letter of one campaign back.

    `people`: how touches by people count. `ahead`: campaigns that go first where a cap leaves room for one letter.
    `instead`: the title of the task that owners get where a rule keeps a letter back; "": none.
    `patience`: how long a letter waits for a cap, its cadence or the balance, instead of being left out. `sunset`: how
    often people who do nothing with letters get one.
    """

    label: Label
    holds: tuple[Hold, ...] = ()
    cadence: Cadence | None = None
    caps: tuple[Cap, ...] = ()
    balance: Balance | None = None
    quiet: Quiet | None = None
    ahead: tuple[str, ...] = ()
    ahead_at: str = ""
    patience: Duration | None = None
    people: ByPeople = ByPeople()
    instead: str = ""
    sunset: Ladder | None = None

    @property
    def counting(self) -> bool:
        """Whether past letters decide: then deciding and sending must be one step."""
        return bool(self.caps or self.balance or self.cadence or self.slower)

    @property
    def slower(self) -> tuple[Rung, ...]:
        """The stages in which somebody gets fewer of these letters. The last ask reaches whom it is for."""
        if self.sunset is None:
            return ()
        own = self.sunset.campaign == self.label.campaign
        rungs = self.sunset.rungs.values()
        return tuple(
            rung for rung in rungs if rung.rhythm is not None and not (own and rung.stage is Stage.LAST_ASK)
        )

    @property
    def last(self) -> int:
        """How many of a person's last letters matter, however long ago they left."""
        return max(self.balance.of_last - 1, self.balance.not_in_first) if self.balance is not None else 0

    @property
    def counted_kinds(self) -> tuple[str, ...]:
        """The kinds of touches by people that can make a difference."""
        concerned = self.balance is not None or any(cap.concerns(self.people.any_label) for cap in self.caps)
        return self.people.kinds if concerned else ()

    @property
    def any(self) -> bool:
        """Whether there is a rule at all."""
        return bool(self.counting or self.holds or self.quiet)


def label_of(campaign: Campaign) -> Label:
    """What the rules know the campaign's letters by.

    Service letters do not count and obey nothing, unless the campaign says so; an apology always counts. Tasks for
    owners do not: what their owners do is a touch of its own.
    """
    return Label(
        campaign.campaign,
        str(campaign.purpose),
        str(campaign.intent or ""),
        campaign.topic or "",
        tuple(campaign.tags),
        campaign.counts,
    )


def obeys(campaign: Campaign) -> bool:
    """Whether the campaign's letters obey the policy: marketing does, but for apologies, unless it says otherwise."""
    said = campaign.policy.obeys
    if said is not None:
        return said
    return campaign.purpose is Purpose.MARKETING and campaign.intent is not Intent.APOLOGISE


def rules_for(workspace: Workspace, campaign: Campaign) -> Rules:
    """The rules that concern a campaign of the workspace."""
    return rules_of(workspace.policy, campaign, workspace.where)


def rules_of(policy: Policy, campaign: Campaign, locate: Locate) -> Rules:
    """The rules that concern this campaign."""
    label = label_of(campaign)
    cadence = _cadence(campaign, locate)
    if not obeys(campaign):
        return Rules(label, cadence=cadence, patience=campaign.policy.wait)
    caps = tuple(
        cap for number in range(len(policy.caps)) if (cap := _cap(policy, number, locate)).concerns(label)
    )
    ahead = policy.order[: policy.order.index(label.campaign)] if label.campaign in policy.order else ()
    return Rules(
        label,
        holds=_holds(policy, campaign, locate),
        cadence=cadence,
        caps=caps,
        balance=_balance(policy, campaign, locate),
        quiet=_quiet(policy, locate),
        ahead=tuple(ahead) if caps else (),
        ahead_at=locate("policy", "order"),
        patience=campaign.policy.wait,
        people=_people(policy),
        instead=instead_of(campaign),
        sunset=read_ladder(policy.sunset, locate) if campaign.purpose is Purpose.MARKETING else None,
    )


def _people(policy: Policy) -> ByPeople:
    people = policy.people
    return ByPeople(tuple(map(str, people.count)), str(people.as_.purpose), str(people.as_.intent))


def _cap(policy: Policy, number: int, locate: Locate) -> Cap:
    cap = policy.caps[number]
    return Cap(
        cap.at_most,
        cap.per,
        cap.window == "calendar",
        str(cap.purpose or ""),
        str(cap.intent or ""),
        cap.topic or "",
        cap.tag or "",
        locate("policy", "caps", number),
    )


def _balance(policy: Policy, campaign: Campaign, locate: Locate) -> Balance | None:
    if campaign.intent is None or campaign.intent not in policy.balance:
        return None
    found = policy.balance[campaign.intent]
    where = locate("policy", "balance", str(campaign.intent))
    return Balance(str(campaign.intent), found.at_most, found.of_last, found.not_in_first, where)


def _cadence(campaign: Campaign, locate: Locate) -> Cadence | None:
    cadence = campaign.cadence
    if cadence is None:
        return None
    written = {**cadence.rhythms, "otherwise": cadence.otherwise}
    at = ("campaigns", campaign.campaign, "cadence")
    return Cadence(cadence.by, cadence.rhythms, cadence.otherwise, {key: locate(*at, key) for key in written})


def _holds(policy: Policy, campaign: Campaign, locate: Locate) -> tuple[Hold, ...]:
    if campaign.purpose is not Purpose.MARKETING:
        return ()
    found = [
        Hold(name, locate("policy", "hold_marketing_for", number), f"no marketing for {name} now")
        for number, name in enumerate(policy.hold_marketing_for)
    ]
    welcome = policy.welcome
    if welcome is not None and campaign.campaign not in welcome.campaigns:
        first = " and ".join(welcome.campaigns)
        words = f"{welcome.segment} are welcomed first, by {first}"
        found.append(Hold(welcome.segment, locate("policy", "welcome"), words))
    return tuple(found)


def _quiet(policy: Policy, locate: Locate) -> Quiet | None:
    hours = policy.quiet_hours
    if hours is None and not policy.not_on:
        return None
    return Quiet(
        Hours(hours.from_, hours.until) if hours is not None else None,
        policy.not_on,
        hours.time_zone if hours is not None else "recipient",
        locate("policy", "quiet_hours"),
        locate("policy", "not_on"),
    )
