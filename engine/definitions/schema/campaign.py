"""A campaign: who, when, what, from whom, and how success is measured."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StrictBool, StringConstraints, model_validator

from engine.definitions.schema.base import Definition, mistake
from engine.definitions.schema.owner_task import By, OwnerTask
from engine.definitions.schema.project import Tracking
from engine.definitions.schema.schedule import Schedule
from engine.definitions.schema.segments import Condition, EventFieldCondition
from engine.definitions.schema.steps import Step, Trigger
from engine.definitions.schema.values import (
    Count,
    EventField,
    EventName,
    FieldName,
    Name,
    Positive,
    RelativePath,
    Text,
    Title,
)
from engine.definitions.schema.wording import Percentage, Rhythm, Share, Since, Span
from engine.model.words import Intent, Purpose


class Status(StrEnum):
    """Only an active campaign sends."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


class Audience(Definition):
    """Who: everybody in any `include` segment, without anybody in any `exclude` segment."""

    include: tuple[Name, ...] = Field(description="Segments; being in one of them is enough.")
    exclude: tuple[Name, ...] = Field(
        (), description="Segments whose people are left out, checked again at sending."
    )
    roles: tuple[Text, ...] = Field(
        (),
        description="Only people with one of these roles, by `accounts.role` of config/customers.yaml.",
        examples=[["sponsor"]],
    )
    one_per: Literal["account"] | None = Field(
        None, description="One letter for each account, to the first of its people who may get it."
    )
    prefer: tuple[Text, ...] = Field(
        (),
        description="Whom of an account first, by role; others come after them, the lower customer key first.",
        examples=[["sponsor", "decision maker"]],
    )
    holdout: Percentage | None = Field(
        None,
        description="This share gets nothing, always the same people, so that the effect can be measured.",
    )
    pick: Positive | None = Field(
        None,
        description="Only this many of those who may get it: who had theirs longest ago, by lot among equals.",
        examples=[20],
    )
    least_recently: Literal["gift", "campaign"] = Field(
        "campaign",
        description="For `pick`. `campaign`: their last letter of this campaign. `gift`: their last gift, a code of an "
        "offer with a `worth` or a `gift` by a person.",
    )
    not_within: Span | None = Field(
        None,
        description="For `pick`: who had theirs in the last of this time is not chosen.",
        examples=["12 months"],
    )

    @model_validator(mode="after")
    def _whole(self) -> Audience:
        for key in ("least_recently", "not_within"):
            if self.pick is None and key in self.model_fields_set:
                raise mistake(
                    f"`{key}` says who is picked, but not how many", "add `pick:`, like `pick: 20`", at=(key,)
                )
        return self

    @model_validator(mode="after")
    def _preferred_for_something(self) -> Audience:
        if self.prefer and self.one_per is None:
            raise mistake(
                "`prefer` says who of an account gets its one letter",
                "add `one_per: account`, or write `roles:` to write to these people only",
                at=("prefer",),
            )
        return self


class Cadence(Definition):
    """How often one person may get this campaign, by a field's value. Every other key is such a value."""

    __pydantic_extra__: dict[str, Rhythm]
    model_config = ConfigDict(extra="allow")

    by: FieldName = Field("tier", description="The field whose values are the keys here.")
    otherwise: Rhythm = Field(description="For every other value, and for none.", examples=["every 3 months"])

    @property
    def rhythms(self) -> dict[str, Rhythm]:
        """The written values of the field and their rhythms, without `otherwise`."""
        return dict(self.__pydantic_extra__ or {})


class CampaignPolicy(Definition):
    """How this campaign stands to the rules of config/policy.yaml."""

    counts: StrictBool | None = Field(
        None,
        description="Whether its letters use up room under the rules. Without it: marketing does, service does not, "
        "and an apology (`intent: apologise`) always does.",
    )
    obeys: StrictBool | None = Field(
        None,
        description="Whether the rules may keep its letters back. Without it: marketing does, service and apologies "
        "do not.",
    )
    wait: Span | None = Field(
        None,
        description="How long a letter waits for room under a cap or for its cadence; without it, it is left out.",
        examples=["3 days"],
    )
    instead: Literal["task"] | None = Field(
        None,
        description="`task`: where a cap, the balance, `order` or a hold keeps a letter back, the customer's own person "
        "gets a task instead.",
    )


class FeedChoice(Definition):
    """Which posts of a feed each customer gets."""

    feed: Name = Field(description="A feed of config/feeds.yaml.")
    since: Since = Field(
        "last send",
        description="`last send`: what this customer has not been sent yet; or only posts this recent.",
        examples=["last send", "30 days"],
    )
    match: FieldName | None = Field(
        None,
        description="A list field of the customer; only posts with one of these topics, whatever their capitals. "
        "Who has no value there gets all posts.",
        examples=["interests"],
    )
    pick: Positive = Field(5, description="At most this many posts, newest first.")
    at_least: Count = Field(1, description="With fewer posts than this, `if_fewer` decides.")
    if_fewer: Literal["skip", "send"] = Field(
        "skip", description="`skip` this customer, or `send` all the same."
    )

    @model_validator(mode="after")
    def _possible(self) -> FeedChoice:
        if self.at_least > self.pick:
            raise mistake(
                f"`at_least: {self.at_least}` is more than `pick: {self.pick}`",
                "nobody could get this letter; raise `pick` or lower `at_least`",
                at=("at_least",),
            )
        return self


# Names a template already knows; a feed cannot take them. Source: the format's list of template names.
TEMPLATE_NAMES = (
    "customer", "sender", "offer", "campaign", "company",
    "unsubscribe_url", "preferences_url", "web_url", "now", "language",
)  # fmt: skip

Local = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Content(Definition):
    """What the letter says."""

    feeds: dict[Local, FeedChoice] = Field(
        default_factory=dict, description="Posts for the template, under the name given here (`posts`)."
    )
    offer: Name | None = Field(None, description="An offer of config/offers.yaml; each letter gets its code.")
    template: RelativePath | None = Field(
        None, description="A template in templates/.", examples=["digest.html"]
    )
    text: RelativePath | None = Field(
        None, description="A template for the text part; otherwise it is made from the HTML."
    )
    subject: Text | None = Field(None, description="The subject line; a template.")
    preheader: Text = Field("", description="The line shown after the subject in an inbox; a template.")


class StopIf(Definition):
    """Stops a run by itself when one of these shares is passed."""

    bounces: Percentage | None = Field(None, description="Share of bounced letters.", examples=["3%"])
    complaints: Percentage | None = Field(None, description="Share of complaints.", examples=["0.1%"])


class Safety(Definition):
    """Brakes."""

    per_minute: Positive | None = Field(None, description="At most this many letters a minute.")
    stop_if: StopIf | None = Field(None, description="Stops the run by itself.")
    max_age: Span | None = Field(
        None,
        description="Letters still waiting this long after the run's moment expire.",
        examples=["2 days"],
    )
    approve_above: Count | None = Field(
        None, description="A person must approve a run of more letters than this."
    )
    audience_may_move: Percentage = Field(
        Share(0.05),
        description="A saved plan counts no more when this share of its people came or went since.",
        examples=["5%"],
    )


class CampaignTracking(Definition):
    """Which of the workspace's tracking this campaign goes along with."""

    opens: StrictBool | None = Field(None, description="`false` switches it off for these letters.")
    clicks: StrictBool | None = Field(None, description="`false` switches it off for these letters.")

    def under(self, project: Tracking) -> tuple[bool, bool]:
        """Whether opens and clicks are noticed: the project says so and the campaign does not object."""
        return project.opens and self.opens is not False, project.clicks and self.clicks is not False


class Goal(Definition):
    """How success is measured."""

    event: EventName = Field(description="The event that counts as success.", examples=["order_placed"])
    within: Span = Field(description="How long after the letter it still counts.", examples=["30 days"])
    where: tuple[EventFieldCondition, ...] = Field(
        (), description="Only events that pass all of these tests."
    )
    value: EventField | None = Field(None, description="A number field of the event; the report adds it up.")


class Campaign(Definition):
    """One campaign, one file in campaigns/."""

    campaign: Name = Field(description="The stable id; reports and the ledger use it for ever.")
    title: Title = Field("", description="What people call it; may change.")
    owner: Text = Field("", description="Who answers for it.", examples=["priya@acme.example"])
    status: Status = Field(Status.DRAFT, description="Only `active` sends.")
    purpose: Purpose = Field(
        description="`marketing` needs consent and obeys the policy; `service` must be told."
    )
    intent: Intent | None = Field(None, description="What it wants from, or for, the reader.")
    topic: Name | None = Field(
        None, description="A topic of config/project.yaml; only its subscribers get the letter."
    )
    tags: tuple[Name, ...] = Field((), description="Words of your own, for rules of the policy.")
    by: By = Field(
        By.ENGINE,
        description="`engine` sends letters; `owner` gives each customer's own person a task with a drafted text.",
    )
    task: OwnerTask | None = Field(None, description="The task of a campaign `by: owner`.")
    audience: Audience | None = Field(None, description="Who gets it.")
    schedule: Schedule | None = Field(None, description="When it wakes up; for a sequence, when it may send.")
    cadence: Cadence | None = Field(None, description="How often one person may get it.")
    policy: CampaignPolicy = Field(
        CampaignPolicy(), description="How it stands to the rules of config/policy.yaml."
    )
    content: Content = Field(default_factory=Content, description="What the letter says.")
    sender: Name = Field(description="A sender of config/senders.yaml, or `account-owner`.")
    safety: Safety = Field(default_factory=Safety, description="Brakes.")
    tracking: CampaignTracking = Field(
        CampaignTracking(), description="Opens and clicks, where the project tracks them."
    )
    goal: Goal | None = Field(None, description="How success is measured.")
    trigger: Trigger | None = Field(None, description="What starts the sequence for one customer.")
    steps: tuple[Step, ...] = Field((), description="A sequence, read from top to bottom.")
    exit_when: tuple[Condition, ...] | None = Field(
        None, description="Ways out of the sequence: any one of them ends it. `[]` says that there is none."
    )

    @model_validator(mode="after")
    def _whole(self) -> Campaign:
        if self.by is By.OWNER or self.task is not None:
            self._whole_task()
        elif self.steps:
            self._whole_sequence()
        elif self.trigger is not None:
            raise mistake(
                "a trigger needs steps", "add `steps:`, or use `schedule:` and `content:`", at=("trigger",)
            )
        else:
            self._whole_letter()
        if self.purpose is Purpose.MARKETING and self.topic is None:
            raise mistake(
                "marketing needs a topic people can leave", "add `topic:` with a topic of config/project.yaml"
            )
        return self

    def _whole_sequence(self) -> None:
        if self.exit_when is None:
            raise mistake(
                "a sequence needs `exit_when`",
                "say what ends it; write `exit_when: []` when nothing does",
                at=("steps",),
            )
        if self.content.template is not None:
            raise mistake(
                "a campaign is one letter or a sequence", "move this letter into a `send:` step",
                at=("content", "template"),
            )  # fmt: skip

    def _whole_task(self) -> None:
        if self.by is not By.OWNER:
            raise mistake(
                "`task:` speaks of a campaign whose letters are tasks", "add `by: owner`", at=("task",)
            )
        if self.task is None:
            help = 'add `task: { kind: call, title: "Call {{ customer.email }}", due: 5 days }`'
            raise mistake("`by: owner` needs a task", help, at=("by",))
        if self.steps or self.trigger is not None:
            raise mistake(
                "`by: owner` is for one task, not for a sequence",
                "remove `steps:` and `trigger:`",
                at=("by",),
            )
        if self.task.text is not None and self.content.template is not None:
            raise mistake(
                "the draft is written twice",
                "keep `text:` here or `template:` under `content:`",
                at=("task", "text"),
            )
        if self.content.template is not None:
            self._has_subject()
        self._has_people()

    def _has_subject(self) -> None:
        if self.content.subject is None:
            raise mistake("the letter has no subject", "add `subject:` under `content:`", at=("content",))

    def _whole_letter(self) -> None:
        if self.content.template is None:
            raise mistake("there is no letter to send", "add `content:` with `template:` and `subject:`")
        self._has_subject()
        self._has_people()

    def _has_people(self) -> None:
        if self.audience is None:
            raise mistake("nobody is named to get this", "add `audience:` with `include:` and a segment")
        if self.schedule is not None and self.schedule.when is not None and not self.content.feeds:
            raise mistake(
                "`when: new posts` needs a feed", "add `feeds:` under `content:`", at=("schedule", "when")
            )

    @property
    def by_owner(self) -> bool:
        """Whether its letters are tasks for the customers' own people."""
        return self.by is By.OWNER

    @property
    def counts(self) -> bool:
        """Whether its letters count under the rules: marketing and apologies do, unless it says otherwise."""
        said = self.policy.counts
        wanted = self.purpose is Purpose.MARKETING or self.intent is Intent.APOLOGISE
        return said if said is not None else wanted and not self.by_owner

    @property
    def name(self) -> str:
        """The title, or the id where there is none."""
        return self.title or self.campaign
