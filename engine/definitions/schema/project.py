"""The project: clock, language, database, ways out, company and topics."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from engine.definitions.schema.base import Definition
from engine.definitions.schema.mailbox import Mailbox
from engine.definitions.schema.providers import OutboxOptions, Provider, ProviderOptions
from engine.definitions.schema.values import Name, Secret, SecretText, Text, Title, Url
from engine.definitions.schema.wording import Span, Zone

DEFAULT_DATABASE = "sqlite:///touchbase.db"
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]

Selector = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")]


class Company(Definition):
    """Who is behind the letters; the footer of every letter says so."""

    name: Title = Field(description="The company's name.")
    address: Text = Field("", description="The postal address; without one nothing is sent.")


class Tracking(Definition):
    """What is noticed of a reader. A campaign may switch it off, and so may every person for themselves."""

    opens: StrictBool = Field(False, description="A picture of one pixel tells that a letter was opened.")
    clicks: StrictBool = Field(False, description="Links lead over this workspace's own pages.")


class Retention(Definition):
    """How long things are kept that no promise rests on. What is not named is kept for ever."""

    heard: Span | None = Field(
        None, description="News of letters: opens, clicks, bounces. Suppressions stay.", examples=["2 years"]
    )
    calls: Span | None = Field(
        None, description="What providers answered, word for word.", examples=["1 year"]
    )
    links: Span | None = Field(
        None, description="Where tracked links lead; older ones lead nowhere any more.", examples=["3 years"]
    )


class Metrics(Definition):
    """Who may read `/metrics`, which says how many letters wait, left and came back."""

    token: SecretText | None = Field(
        None,
        description="Asked for as `Authorization: Bearer TOKEN`; without one, only this machine and its private "
        "network may read.",
        examples=["!secret METRICS_TOKEN"],
    )


class Project(Definition):
    """config/project.yaml"""

    project: Name = Field(description="The project's name.")
    format: Literal[1] = Field(1, description="The version of this format.")
    time_zone: Zone = Field("UTC", description="The project's own clock.", examples=["Europe/London"])
    language: Language = Field("en", description="The letters' language, where a customer has none.")
    database: SecretText = Field(
        Secret("", DEFAULT_DATABASE),
        description="Where everything is kept; TOUCHBASE_DATABASE_URL wins.",
        examples=[DEFAULT_DATABASE, "postgresql://user@host/name"],
    )
    provider: Name = Field("outbox", description="The way out: a name below.")
    providers: dict[Name, Provider] = Field(default_factory=dict, description="Ways out by name.")
    fallback: Name | None = Field(
        None, description="The way out for letters that the first one certainly did not take."
    )
    mailbox: Mailbox | None = Field(
        None, description="Where mails that come back land; `touchbase hear` without a path reads it."
    )
    retention: Retention = Field(
        Retention(), description="What is deleted after a while; nothing by default."
    )
    tracking: Tracking = Field(Tracking(), description="Opens and clicks; both are off by default.")
    metrics: Metrics = Field(Metrics(), description="Who may read what is measured.")
    public_url: Url = Field(
        "http://127.0.0.1:8025", description="Where readers reach the unsubscribe and preferences pages."
    )
    signing_key: SecretText | None = Field(
        None, description="Signs the links in letters; keep it secret and for ever."
    )
    old_signing_keys: tuple[SecretText, ...] = Field(
        (), description="Keys that signed links in earlier letters; they are still believed."
    )
    company: Company | None = Field(None, description="Who is behind the letters.")
    topics: dict[Name, Text] = Field(
        default_factory=dict, description="What people can subscribe to, in their words."
    )
    dkim_selectors: tuple[Selector, ...] = Field(
        (),
        description="Where the DKIM keys of the senders' domains stand; `doctor` looks there.",
        examples=[["s1", "s2"]],
    )
    allow_private_networks: StrictBool = Field(
        False, description="`true` lets feeds and providers live on this machine or an intranet."
    )

    def options(self, name: str = "") -> ProviderOptions | None:
        """The entry of a provider (default: the chosen one); the outbox is always there."""
        wanted = name or self.provider
        if wanted == "outbox" and wanted not in self.providers:
            return OutboxOptions(type="outbox")
        return self.providers.get(wanted)
