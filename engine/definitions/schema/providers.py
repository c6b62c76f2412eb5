"""Ways out: what each type of provider has to be told in config/project.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, StrictBool, Tag

from engine.definitions.schema.base import Definition
from engine.definitions.schema.values import Name, Number, RelativePath, Secret, SecretText, Title, Url

PerSecond = Annotated[Number, Field(gt=0)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]


class ProviderOptions(Definition):
    """What every provider entry has."""

    own_way_to_leave: ClassVar[bool] = False
    """It writes a List-Unsubscribe of its own, so that only its news tells who left."""

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


class ApiOptions(ProviderOptions):
    """What every email API's entry has."""

    url: Url | None = Field(None, description="Another address of the API, such as another region's.")
    webhook_key: SecretText | None = Field(
        None,
        description="Proves that news comes from the provider; without it, news is not listened to.",
        examples=["!secret WEBHOOK_KEY"],
    )


class TokenOptions(ApiOptions):
    """An email API that knows us by one token."""

    token: SecretText = Field(description="The API's token.", examples=["!secret EMAIL_TOKEN"])


class OutboxOptions(ProviderOptions):
    """Letters as .eml files in a folder: the embedded default."""

    type: Literal["outbox"] = Field(description="The kind of provider.")
    folder: RelativePath = Field("outbox", description="A folder inside the workspace.")


class PostmarkOptions(TokenOptions):
    """Postmark's batch API."""

    type: Literal["postmark"] = Field(description="The kind of provider.")
    stream: Name = Field("broadcast", description="The message stream.")


class SendgridOptions(TokenOptions):
    """SendGrid's mail API."""

    type: Literal["sendgrid"] = Field(description="The kind of provider.")
    merge: StrictBool = Field(True, description="`false` sends every letter whole, one call each.")


class MailgunOptions(TokenOptions):
    """Mailgun's messages API."""

    type: Literal["mailgun"] = Field(description="The kind of provider.")
    domain: Title = Field(description="The sending domain as Mailgun knows it.")
    merge: StrictBool = Field(True, description="`false` sends every letter whole, one call each.")


class SesOptions(ProviderOptions):
    """Amazon SES, version 2 of its API. Its news is proven by Amazon's certificates, not by a key of ours."""

    type: Literal["ses"] = Field(description="The kind of provider.")
    url: Url | None = Field(None, description="Another address of the API, for tests.")
    region: Region = Field(description="The region.", examples=["eu-west-1"])
    access_key: SecretText = Field(description="The access key's id.", examples=["!secret AWS_ACCESS_KEY_ID"])
    secret_key: SecretText = Field(
        description="The access key's secret.", examples=["!secret AWS_SECRET_ACCESS_KEY"]
    )
    session_token: SecretText | None = Field(None, description="For temporary access keys.")
    configuration_set: Title | None = Field(None, description="The configuration set; events need one.")
    topic: Title | None = Field(
        None, description="The ARN of the SNS topic that brings news; no other topic is believed."
    )
    merge: StrictBool = Field(True, description="`false` sends every letter whole, one call each.")


class ResendOptions(TokenOptions):
    """Resend's batch API."""

    type: Literal["resend"] = Field(description="The kind of provider.")


class BrevoOptions(TokenOptions):
    """Brevo's transactional API."""

    own_way_to_leave: ClassVar[bool] = True
    type: Literal["brevo"] = Field(description="The kind of provider.")


class SparkpostOptions(TokenOptions):
    """SparkPost's transmissions API."""

    own_way_to_leave: ClassVar[bool] = True
    type: Literal["sparkpost"] = Field(description="The kind of provider.")
    merge: StrictBool = Field(True, description="`false` sends every letter whole, one call each.")


class MailjetOptions(TokenOptions):
    """Mailjet's send API, version 3.1."""

    own_way_to_leave: ClassVar[bool] = True
    type: Literal["mailjet"] = Field(description="The kind of provider.")
    secret: SecretText = Field(description="The API's secret key.", examples=["!secret MAILJET_SECRET"])


class MailersendOptions(TokenOptions):
    """MailerSend's bulk API."""

    type: Literal["mailersend"] = Field(description="The kind of provider.")


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
    "sendgrid": SendgridOptions,
    "mailgun": MailgunOptions,
    "ses": SesOptions,
    "resend": ResendOptions,
    "brevo": BrevoOptions,
    "sparkpost": SparkpostOptions,
    "mailjet": MailjetOptions,
    "mailersend": MailersendOptions,
    "smtp": SmtpOptions,
}


def _type(written: Any) -> str | None:
    name = written.get("type") if isinstance(written, Mapping) else getattr(written, "type", None)
    return f"<{name}>" if isinstance(name, str) and name in PROVIDER_TYPES else None


if TYPE_CHECKING:
    Provider = ProviderOptions
else:
    Provider = Annotated[
        reduce(or_, (Annotated[options, Tag(f"<{name}>")] for name, options in PROVIDER_TYPES.items())),
        Discriminator(
            _type, custom_error_type="no_provider_type", custom_error_message="this is no known provider"
        ),
    ]
