"""Senders: the people and teams letters come from."""

from __future__ import annotations

from enum import StrEnum

from pydantic import ConfigDict, Field, model_validator

from engine.definitions.schema.base import Definition, mistake
from engine.definitions.schema.digest import DigestWhen
from engine.definitions.schema.values import Email, FieldName, Name, Picture, RelativePath, Text, Title
from engine.definitions.schema.wording import DailyNumber, Date

ACCOUNT_OWNER = "account-owner"


class Away(Definition):
    """When somebody is away, another sender stands in."""

    from_: Date = Field(alias="from", description="The first day away.")
    until: Date = Field(description="The last day away.")
    cover: Name = Field(description="The sender who stands in.")

    @model_validator(mode="after")
    def _ordered(self) -> Away:
        if self.until < self.from_:
            raise mistake("`until` lies before `from`", "write the first day in `from`", at=("until",))
        return self


class Sender(Definition):
    """A person or a team."""

    name: Title = Field(description="The name readers see.", examples=["Priya at Acme"])
    email: Email = Field(
        description="The address letters come from; its domain must be set up at the provider."
    )
    reply_to: Email | None = Field(None, description="Where answers go: a mailbox somebody reads.")
    title: Text = Field("", description="What the person does, for the signature.")
    phone: Text = Field("", description="For the signature.")
    signature: RelativePath | None = Field(
        None,
        description="A Markdown or HTML file in templates/ (or templates/signatures/).",
        examples=["team.md"],
    )
    photo: Picture | None = Field(
        None,
        description="A picture for the signature, `sender.photo` in templates: where it lies in the web, or a file in "
        "templates/, which then lies at `public_url`.",
        examples=["https://acme.example/team/priya.jpg", "priya.jpg"],
    )
    at_most: DailyNumber | None = Field(
        None,
        description="So many letters a day, of all campaigns together, so that answers can be answered.",
        examples=["40 per day"],
    )
    away: Away | None = Field(None, description="Days on which somebody else stands in.")
    digest: DigestWhen | None = Field(
        None,
        description="When they get a letter about their customers and tasks; without it, as `account-owner` says.",
        examples=["daily", "weekly on monday at 08:00"],
    )


class Share(StrEnum):
    """How customers without a person of their own are shared out."""

    ROUND_ROBIN = "round robin"
    FEWEST_CUSTOMERS = "fewest customers"


class AssignBy(Definition):
    """By a field's value first. Every other key is such a value, with the sender whose customers they become."""

    __pydantic_extra__: dict[str, Name]
    model_config = ConfigDict(extra="allow")

    field: FieldName = Field(description="The field whose values are the keys here.", examples=["country"])

    @property
    def people(self) -> dict[str, str]:
        """The written values of the field and their senders."""
        return dict(self.__pydantic_extra__ or {})


class AccountOwner(Definition):
    """`account-owner`: each customer's own person."""

    from_field: FieldName = Field(description="The customer's field that holds the name of a sender.")
    otherwise: Name = Field(description="The sender for customers without one.")
    digest: DigestWhen | None = Field(
        None,
        description="When every sender gets a letter about their customers and tasks; without it, nobody does.",
        examples=["weekly on monday at 08:00"],
    )
    assign: Share | None = Field(
        None,
        description="Gives customers without a person of their own one: to each of `among` in turn, or to who has "
        "fewest.",
    )
    among: tuple[Name, ...] = Field(
        (), description="Who takes part in `assign`. Without it: every sender but `otherwise`."
    )
    by: AssignBy | None = Field(
        None, description="Who gets the customers with some value of a field, before `assign`."
    )
    only: Name | None = Field(None, description="Only customers of this segment are assigned to somebody.")

    @model_validator(mode="after")
    def _assigned(self) -> AccountOwner:
        if self.among and self.assign is None:
            raise mistake("`among` needs `assign`", "add `assign: fewest customers`", at=("among",))
        if self.only is not None and not self.assigns:
            raise mistake("`only` needs `assign` or `by`", "add `assign: fewest customers`", at=("only",))
        return self

    @property
    def assigns(self) -> bool:
        """Whether customers without a person of their own are given one."""
        return self.assign is not None or self.by is not None


class SendersFile(Definition):
    """config/senders.yaml"""

    senders: dict[Name, Sender] = Field(default_factory=dict, description="Senders by name.")
    account_owner: AccountOwner | None = Field(
        None, alias="account-owner", description="How each customer's own person is found."
    )
