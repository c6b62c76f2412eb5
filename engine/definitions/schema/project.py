"""The project: clock, language, database, ways out, company and topics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StrictBool, Tag

from engine.definitions.schema.base import Definition
from engine.definitions.schema.values import Name, Number, RelativePath, Secret, SecretText, Text, Title, Url
from engine.definitions.schema.wording import Zone

DEFAULT_DATABASE = "sqlite:///touchbase.db"
PerSecond = Annotated[Number, Field(gt=0)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]


class ProviderOptions(Definition):
    """What every provider entry has."""

    per_second: PerSecond | None = Field(None, description="At most this many letters a second.")

    def plain(self) -> dict[str, object]:
        """The options as plain values, secrets revealed. Raises UsageError for one that is not set."""
        values = {key: getattr(self, key) for key in type(self).model_fields if key != "type"}
        return {
            key: value.reveal() if isinstance(value, Secret) else value
            for key, value in values.items()
            if value is not None
        }

    def secrets(self) -> dict[str, Secret]:
        """The options that are secrets, by key."""
        values = {key: getattr(self, key) for key in type(self).model_fields}
        return {key: value for key, value in values.items() if isinstance(value, Secret)}


class OutboxOptions(ProviderOptions):
    """Letters as .eml files in a folder: the embedded default."""

    type: Literal["outbox"] = Field(description="The kind of provider.")
    folder: RelativePath = Field("outbox", description="A folder inside the workspace.")


class PostmarkOptions(ProviderOptions):
    """Postmark's batch API."""

    type: Literal["postmark"] = Field(description="The kind of provider.")
    token: SecretText = Field(description="The server token.", examples=["!secret POSTMARK_TOKEN"])
    stream: Name = Field("broadcast", description="The message stream.")
    url: Url | None = Field(None, description="Another address of the API.")


class SmtpOptions(ProviderOptions):
    """Any SMTP server."""

    type: Literal["smtp"] = Field(description="The kind of provider.")
    host: Title = Field(description="The server's name.")
    port: Port = Field(587, description="The server's port.")
    user: SecretText | None = Field(None, description="The account, where the server asks for one.")
    password: SecretText | None = Field(None, description="Its password.", examples=["!secret SMTP_PASSWORD"])
    security: Literal["none", "starttls", "tls"] = Field(
        "starttls",
        description="`starttls`, `tls` (from the first byte), or `none` for a server on this machine.",
    )


PROVIDER_TYPES: dict[str, type[ProviderOptions]] = {
    "outbox": OutboxOptions,
    "postmark": PostmarkOptions,
    "smtp": SmtpOptions,
}


def _type(written: Any) -> str | None:
    name = written.get("type") if isinstance(written, Mapping) else getattr(written, "type", None)
    return f"<{name}>" if isinstance(name, str) and name in PROVIDER_TYPES else None


Provider = Annotated[
    Annotated[OutboxOptions, Tag("<outbox>")]
    | Annotated[PostmarkOptions, Tag("<postmark>")]
    | Annotated[SmtpOptions, Tag("<smtp>")],
    Discriminator(
        _type, custom_error_type="no_provider_type", custom_error_message="this is no known provider"
    ),
]


class Company(Definition):
    """Who is behind the letters; the footer of every letter says so."""

    name: Title = Field(description="The company's name.")
    address: Text = Field("", description="The postal address; without one nothing is sent.")


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
    public_url: Url = Field(
        "http://127.0.0.1:8025", description="Where readers reach the unsubscribe and preferences pages."
    )
    signing_key: SecretText | None = Field(
        None, description="Signs the links in letters; keep it secret and for ever."
    )
    company: Company | None = Field(None, description="Who is behind the letters.")
    topics: dict[Name, Text] = Field(
        default_factory=dict, description="What people can subscribe to, in their words."
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
