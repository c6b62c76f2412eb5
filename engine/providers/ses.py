"""Amazon SES, version 2 of its API: one letter a call over several connections, signed with version 4.

Facts: docs.aws.amazon.com/ses (API reference v2, quotas, header fields, managing sending quota errors) and the
service model of 2019-09-27. Letters go as "Simple" content, whose parts SES puts together: a raw message would be
base64 inside JSON, which leaves no place for personal values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import orjson

from engine import clock
from engine.errors import (
    AccountFault,
    BatchRefused,
    LetterError,
    NotSent,
    ProviderError,
    Unknown,
    UnsupportedFeature,
)
from engine.model.heard import Heard, Post
from engine.model.letter import Batch, Frame, Letter, Mailbox, Outcome, Verdict
from engine.network.lane import Answer, Lane
from engine.providers import answers
from engine.providers.amazon_news import heard
from engine.providers.amazon_notices import Notices
from engine.providers.amazon_signature import Credentials, signing_headers
from engine.providers.base import Limits
from engine.providers.headers import header_value, unfolded, unsafe, whole_token
from engine.providers.json_wire import JsonWire, distinct_names, header_text, inside_string, json_bytes
from engine.providers.mailboxes import MAILBOX_HEADERS, header_mailbox, is_simple, is_token, read_mailbox
from engine.providers.mime_wire import REFERENCE
from engine.providers.options import Options
from engine.providers.reading import text
from engine.providers.singles import SINGLE_MESSAGES, Singles

ONE = "/v2/email/outbound-emails"
BYTES = 40 * 1024 * 1024
REPLACED_HEADERS = frozenset({"message-id", "date"})
"""SES overwrites both with its own."""

REFUSED_HEADERS = frozenset(
    {
        "from",
        "to",
        "cc",
        "bcc",
        "reply-to",
        "subject",
        "sender",
        "return-path",
        "content-type",
        "mime-version",
    }
    | {"content-transfer-encoding", "received", "dkim-signature", "x-touchbase-reference"}
)
MOST_HEADERS, LONGEST_VALUE, LONGEST_HEADER = 15, 995, 996
LONGEST_MAILBOX = 320
WRITTEN = frozenset({"html", "text", "Subject"})
"""What may be any text; every other value is a header's."""

TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
OPTIONS = frozenset(
    {"region", "access_key", "secret_key", "session_token", "configuration_set", "topic", "merge"}
    | {"per_second", "url"}
)


class SesWire(JsonWire):
    """The body of one SendEmail call."""

    def __init__(self, configuration_set: str = "") -> None:
        self.configuration_set = configuration_set

    def frame(self, letter: Letter) -> Frame:
        """Messages stand alone."""
        return Frame()

    def encode(self, letter: Letter) -> bytes:
        """The call as a JSON object."""
        bodies = {"Html": letter.html, "Text": letter.text}
        parts = {name: {"Data": body, "Charset": "UTF-8"} for name, body in bodies.items() if body}
        if not parts:
            raise LetterError("the letter has no body", reason="template_error")
        subject = {"Data": header_text("Subject", letter.subject), "Charset": "UTF-8"}
        simple = {"Subject": subject, "Body": parts, "Headers": headers_of(letter)}
        call: dict[str, object] = {
            "FromEmailAddress": address_text("From", letter.sender),
            "Destination": {"ToAddresses": [address_text("To", letter.to)]},
            "Content": {"Simple": simple},
            "EmailTags": tags(letter),
        }
        if letter.reply_to is not None:
            call["ReplyToAddresses"] = [address_text("Reply-To", letter.reply_to)]
        if self.configuration_set:
            call["ConfigurationSetName"] = self.configuration_set
        return json_bytes(call)

    def escape(self, place: str, value: str) -> bytes:
        """One value inside its JSON string; see Wire."""
        if place == "reference":
            return tag_text(value).encode()
        if place in WRITTEN or place.lower() in MAILBOX_HEADERS:
            return super().escape(place, value)
        return inside_string(plain_value(place, value))

    def mailbox(self, place: str, value: str) -> bytes:
        """A mailbox in its text form, inside a JSON string."""
        return value.encode() if is_simple(value) else inside_string(mailbox_text(place, read_mailbox(value)))


def address_text(place: str, mailbox: Mailbox) -> str:
    """A mailbox as SES reads it, or the token that stands for one."""
    return mailbox.address if is_token(mailbox) else mailbox_text(place, mailbox)


def mailbox_text(place: str, mailbox: Mailbox) -> str:
    """A mailbox in ASCII on one line: names outside ASCII as encoded words (RFC 2047)."""
    written = unfolded(header_mailbox(place, mailbox))
    if len(written) > LONGEST_MAILBOX:
        raise unsafe(f"{place} is longer than the {LONGEST_MAILBOX} characters that SES takes")
    return written


def headers_of(letter: Letter) -> list[dict[str, str]]:
    """The letter's own headers and our reference; at most fifteen, in printable ASCII."""
    distinct_names(letter.headers)
    for name, _ in letter.headers:
        if name.lower() in REFUSED_HEADERS:
            raise UnsupportedFeature(f"SES sets the header {name} itself", help="leave it out")
    wanted = [*letter.headers, *([(REFERENCE, letter.reference)] if letter.reference else [])]
    headers = [
        {"Name": name, "Value": plain_value(name, value)}
        for name, value in wanted
        if name.lower() not in REPLACED_HEADERS
    ]
    if len(headers) > MOST_HEADERS:
        raise UnsupportedFeature(f"SES takes {MOST_HEADERS} headers in a letter, not {len(headers)}")
    return headers


def plain_value(name: str, value: str) -> str:
    """A header's value in printable ASCII on one line."""
    if whole_token(value):
        return value
    written = unfolded(header_value(name if name != REFERENCE else "reference", value))
    if len(written) > LONGEST_VALUE or len(name) + len(written) > LONGEST_HEADER:
        raise unsafe(f"{name} is longer than the {LONGEST_VALUE} characters that SES takes")
    return written


def tags(letter: Letter) -> list[dict[str, str]]:
    """What SES gives back in events: our reference, and the campaign's name."""
    campaign = re.sub(r"[^A-Za-z0-9_-]", "_", letter.campaign)
    found = {"campaign": campaign, "reference": tag_text(letter.reference)}
    return [{"Name": name, "Value": value} for name, value in found.items() if value]


def tag_text(reference: str) -> str:
    """Our reference as a tag's value."""
    if reference and not whole_token(reference) and not TAG.fullmatch(reference):
        raise LetterError("a reference must be letters, digits, - and _", reason="unsafe_header")
    return reference


class Ses:
    """Options: `region`, `access_key`, `secret_key`, `session_token`, `configuration_set`, `topic`, `merge`, `url`."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        read = Options(name, options, OPTIONS)
        self.name = name
        self.merge_wire = None
        self.region = read.text("region")
        self.url = read.text("url", f"https://email.{self.region}.amazonaws.com").rstrip("/")
        self.credentials = Credentials(
            read.text("access_key"), read.text("secret_key"), read.optional("session_token")
        )
        self.wire = SesWire(read.optional("configuration_set"))
        self.notices = Notices(name, read.optional("topic"))
        self.limits = Limits(
            messages=SINGLE_MESSAGES,
            bytes=BYTES,
            per_second=read.number("per_second"),
            refused_headers=REFUSED_HEADERS,
            replaced_headers=REPLACED_HEADERS,
        )
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "touchbase",
        }
        private = read.allow_private_networks
        self.singles = Singles(lambda: Lane(self.url, headers, allow_private_networks=private))

    async def open(self) -> None:
        """Prepare a connection; raises NotSent when the API's name is unknown, AddressRefused."""
        await self.singles.open()

    async def close(self) -> None:
        """Let go of the connections."""
        await self.singles.close()

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call for each letter; see Provider."""
        if len(batch) > SINGLE_MESSAGES:
            raise BatchRefused(f"SES is given {SINGLE_MESSAGES} letters at a time, not {len(batch)}")
        return await self.singles.send(batch, self.send_one) if len(batch) else []

    async def send_one(self, lane: Lane, batch: Batch) -> Outcome:
        """One letter in a call of its own."""
        body = batch.joined()
        if len(body) > BYTES:
            raise BatchRefused(f"SES takes {BYTES} bytes in a letter, not {len(body)}")
        answer = await self.call(lane, ONE, body)
        if answer.status == 200:
            return taken(answer.body)
        error = refusal(answer)
        if isinstance(error, BatchRefused):
            words = fault_of(answer)[1]
            return Outcome(Verdict.REFUSED, detail=error.message, suppress=about_address(words))
        raise error

    async def call(self, lane: Lane, path: str, body: bytes) -> Answer:
        """A signed POST."""
        signature = signing_headers(self.credentials, self.region, "ses", self.url + path, body, clock.now())
        return await lane.post(path, body, signature)

    async def hear(self, post: Post, now: datetime) -> list[Heard]:
        """See Hears. One notice is one event; its identity is the notice's."""
        notice = await self.notices.opened(post, now)
        return [] if notice is None else heard(notice, now)


THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling", "RequestThrottled"})
ACCOUNT = frozenset(
    {"AccountSuspendedException", "SendingPausedException", "MailFromDomainNotVerifiedException"}
    | {"NotFoundException", "LimitExceededException", "AccessDeniedException", "ExpiredTokenException"}
    | {"UnrecognizedClientException", "InvalidSignatureException", "SignatureDoesNotMatch"}
    | {"InvalidClientTokenId", "MissingAuthenticationTokenException", "IncompleteSignatureException"}
    | {"RequestExpired", "OptInRequired", "ConfigurationSetDoesNotExistException"}
)
LETTERS = frozenset(
    {"MessageRejected", "BadRequestException", "ValidationException", "SerializationException"}
)
DAILY = re.compile(r"daily (?:message |sending )?quota", re.IGNORECASE)
SENDERS = re.compile(
    r"not verified|not authori[sz]ed|configuration set|sending (?:is )?(?:paused|disabled)", re.IGNORECASE
)
ADDRESS = re.compile(
    r"illegal address|missing final|local address|domain (?:contains|starts|ends|is missing)|missing '?@'?"
    r"|invalid (?:email )?address|address is not valid",
    re.IGNORECASE,
)
HELP = {
    "InvalidSignatureException": "check the secret key, and that this machine's clock is right",
    "SignatureDoesNotMatch": "check the secret key, and that this machine's clock is right",
    "ExpiredTokenException": "the temporary access key has expired: give a new one",
    "MessageRejected": "verify the sender's address or domain at SES; a new account may only write to verified ones",
    "NotFoundException": "check configuration_set in config/project.yaml",
}


def refusal(answer: Answer) -> ProviderError:
    """What an answer other than 200 means; the error's name counts more than its status."""
    name, words = fault_of(answer)
    said = f"SES answered {answer.status}" + (f" ({name}: {words})" if name else "")
    if answer.status >= 500:
        return Unknown(f"{said}; the letter may have been accepted")
    if DAILY.search(words):
        return AccountFault(said, help="the account's quota of the day is used up: wait, or have it raised")
    if name in THROTTLED or answer.status == 429:
        return NotSent(said, help="SES asks for patience", retry_after=answers.wanted_pause(answer))
    if name in ACCOUNT or (name in LETTERS and SENDERS.search(words)):
        return AccountFault(said, help=HELP.get(name, "look at the account at Amazon SES and its access key"))
    if name in LETTERS:
        return BatchRefused(said)
    return answers.refusal("SES", answer, f"{name}: {words}" if name else "")


def fault_of(answer: Answer) -> tuple[str, str]:
    """The error's name, without namespace, and its words; "" where the answer has none."""
    try:
        found = orjson.loads(answer.body)
    except ValueError:
        found = None
    name = answer.headers.get("x-amzn-errortype", "") or text(found, "__type") or text(found, "code")
    return name.partition(":")[0].rpartition("#")[2], text(found, "message") or text(found, "Message")


def about_address(words: str) -> bool:
    """Whether a refusal says that the address itself cannot be written to."""
    return ADDRESS.search(words) is not None


def taken(body: bytes) -> Outcome:
    """The outcome of a letter whose call was answered with 200."""
    try:
        identifier = text(orjson.loads(body), "MessageId")
    except ValueError:
        identifier = ""
    if not identifier:
        return Outcome(Verdict.UNKNOWN, detail="SES's answer has no id; the letter may have been accepted")
    return Outcome(Verdict.ACCEPTED, provider_id=identifier)
