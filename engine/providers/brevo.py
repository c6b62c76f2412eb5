"""Brevo: a thousand whole letters in a call over its JSON API, each call under a key that it remembers half an hour.

Facts: developers.brevo.com (send a transactional email, batch send, idempotency, limits, webhooks), its OpenAPI
document, and the traps recorded by django-anymail: header values outside ASCII leave as raw bytes, some names are
lost, and a letter without HTML is refused. Brevo reads `{{ … }}` and `{% … %}` in every text it is given.
"""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson

from engine.errors import AccountFault, BatchRefused, LetterError, ProviderError, Unknown, UnsupportedFeature
from engine.model.diagnosis import diagnosed
from engine.model.heard import Bounce, Heard, News, Post
from engine.model.letter import Batch, Frame, Letter, Mailbox, Outcome, Verdict
from engine.network.lane import Answer, Lane
from engine.providers import accounts, answers, identities
from engine.providers.base import TOKEN, Account, Idempotency, Limits
from engine.providers.call_key import call_key
from engine.providers.headers import MADE_BY_APIS, encoded_words, header_value, unfolded, unsafe, whole_token
from engine.providers.json_wire import (
    CALL_HEADERS,
    ObjectWire,
    distinct_names,
    header_text,
    inside_string,
    json_bytes,
)
from engine.providers.leaving import LEAVING, check_leaving
from engine.providers.mailboxes import MAILBOX_HEADERS
from engine.providers.options import Options
from engine.providers.proof import check_secret
from engine.providers.reading import Entry, entries, identity, inside, moment, text

ADDRESS = "https://api.brevo.com/v3"
SEND = "/smtp/email"
MESSAGES, BYTES = 1000, 20 * 1000 * 1000
"""Versions in a call, documented; the size of a call is not, and this was chosen."""

REMEMBERED, KEY_LENGTH = 30 * 60.0, 36
REPLACED_HEADERS = frozenset({"message-id", "date"})
REFUSED_HEADERS = MADE_BY_APIS | {"x-mailin-custom", "x-sib-sandbox", "sender.ip", "idempotencykey"}
LONGEST_NAME = 70
REFERENCE = "X-Mailin-custom"
"""The one header that comes back in Brevo's news."""

KEY_PLACE = b"00000000-0000-0000-0000-000000000000"
OPTIONS = frozenset({"token", "webhook_key", "per_second", "url"})
MARKS = re.compile(r"\{\{|\{%|\{#[^\n]*#\}")
SPECIALS = re.compile(r"[()<>\[\]:;@\\,.\"]")


class BrevoWire(ObjectWire):
    """One of the `messageVersions` of a call."""

    by_character = False

    def __init__(self, webhook_key: str = "") -> None:
        self.webhook_key = webhook_key

    def frame(self, letter: Letter) -> Frame:
        """The call around its versions. Each version says all that a letter says; the sender alone is common."""
        call: dict[str, object] = {
            "sender": self.mailbox_object("From", letter.sender),
            "subject": "-",
            "htmlContent": "-",
            "headers": {"idempotencyKey": KEY_PLACE.decode()},
        }
        if letter.text:
            call["textContent"] = "-"
        if letter.campaign:
            call["tags"] = [letter.campaign]
        return Frame(json_bytes(call)[:-1] + b',"messageVersions":[', b",", b"]}")

    def encode(self, letter: Letter) -> bytes:
        """The version as a JSON object."""
        distinct_names(letter.headers)
        check_leaving(letter, "Brevo", self.webhook_key)
        if not letter.html and not letter.text:
            raise LetterError("the letter has no body", reason="template_error")
        if not letter.html:
            raise UnsupportedFeature(
                "Brevo sends no letter without HTML", help="give the letter an HTML template"
            )
        for part in (letter.subject, letter.html, letter.text):
            check_static(part)
        version: dict[str, object] = {
            "to": [self.mailbox_object("To", letter.to)],
            "subject": header_text("Subject", letter.subject),
            "htmlContent": letter.html,
        }
        if letter.text:
            version["textContent"] = letter.text
        if letter.reply_to is not None:
            version["replyTo"] = self.mailbox_object("Reply-To", letter.reply_to)
        version["headers"] = headers_of(letter)
        return json_bytes(version)

    def escape(self, place: str, value: str) -> bytes:
        """One value where its token stood. In HTML braces become character references, elsewhere marks are refused."""
        if place == "html":
            return inside_string(value.replace("{", "&#123;").replace("}", "&#125;"))
        check_value(place, value)
        if place.lower() in MAILBOX_HEADERS or place in ("text", "Subject"):
            return super().escape(place, value)
        return inside_string(plain_value(place, value))

    def written(self, place: str, mailbox: Mailbox) -> dict[str, str]:
        """The object of a mailbox, its name in a form that Brevo neither loses nor garbles."""
        found = super().written(place, mailbox)
        name = found.get("name", "")
        check_value(place, name)
        if len(name) > LONGEST_NAME:
            raise unsafe(f"{place}: a name of more than {LONGEST_NAME} characters is more than Brevo takes")
        if not name.isascii() and SPECIALS.search(name):
            if place == "Reply-To":
                raise UnsupportedFeature(
                    f"Brevo garbles the name `{name}` in Reply-To",
                    help="write it without dots, commas and quotes, or in plain letters",
                )
            found["name"] = unfolded(encoded_words(name, 0))
        return found


def check_static(part: str) -> None:
    """UnsupportedFeature for fixed text that Brevo would read as its own template language."""
    found = MARKS.search(part) or re.search(rf"\{{(?={TOKEN.pattern})", part)
    if found:
        raise UnsupportedFeature(
            f"Brevo reads `{found[0]}` as its own template language",
            help="leave it out, or use another provider",
        )


def check_value(place: str, value: str) -> None:
    """LetterError for a personal value that Brevo would read so, alone or with what stands around it."""
    if "{{" in value or "{%" in value or "{#" in value or "#}" in value or value.endswith("{"):
        raise LetterError(
            f"{place}: Brevo would read the braces in `{value[:40]}` as its own template language",
            reason="unsafe_header" if place != "text" else "template_error",
            help="correct the value in the customer's data",
        )


def headers_of(letter: Letter) -> dict[str, str]:
    """The letter's own headers, and our reference."""
    for name, _ in letter.headers:
        if name.lower() in REFUSED_HEADERS:
            raise UnsupportedFeature(f"Brevo sets the header {name} itself", help="leave it out")
    found = {name: value for name, value in letter.headers if name.lower() not in REPLACED_HEADERS}
    return {
        name: plain_value(name, value)
        for name, value in {**found, REFERENCE: letter.reference}.items()
        if value
    }


def plain_value(name: str, value: str) -> str:
    """A header's value in ASCII: Brevo undoes encoded words and sends raw bytes, which servers refuse."""
    if whole_token(value):
        return value
    check_static(value)
    if not value.isascii():
        raise unsafe(
            f"{name} must be plain ASCII for Brevo: write the topic's title, or the header, in plain letters"
        )
    return unfolded(header_value("reference" if name == REFERENCE else name, value))


class Brevo:
    """Options: `token` (API key), `webhook_key` (a secret of ours that Brevo's calls must carry), `per_second`, `url`."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        read = Options(name, options, OPTIONS)
        self.name = name
        self.merge_wire = None
        self.webhook_key = read.optional("webhook_key")
        self.wire = BrevoWire(self.webhook_key)
        self.limits = Limits(
            messages=MESSAGES,
            bytes=BYTES,
            per_second=read.number("per_second"),
            idempotency=Idempotency(lifetime=REMEMBERED, longest_key=KEY_LENGTH),
            refused_headers=REFUSED_HEADERS if self.webhook_key else REFUSED_HEADERS | LEAVING,
            replaced_headers=REPLACED_HEADERS,
        )
        self.lane = Lane(
            read.text("url", ADDRESS),
            {**CALL_HEADERS, "api-key": read.text("token")},
            allow_private_networks=read.allow_private_networks,
        )

    async def open(self) -> None:
        """Prepare the connection; raises NotSent when the API's name is unknown, AddressRefused."""
        await self.lane.open()

    async def close(self) -> None:
        """Let go of the connection."""
        await self.lane.close()

    async def probe(self) -> Account:
        """See Probes: whose account it is."""
        found = await accounts.ask("Brevo", self.lane, "/account")
        return Account(f"account of {text(found, 'companyName') or 'an unnamed company'}")

    async def vouch(self, addresses: Sequence[str]) -> Mapping[str, bool]:
        """See Vouches: by the senders, and by the domains that are authenticated."""
        senders = accounts.listed(await accounts.ask("Brevo", self.lane, "/senders"), "senders")
        domains = accounts.listed(await accounts.ask("Brevo", self.lane, "/senders/domains"), "domains")
        verified = [text(each, "email") for each in senders if inside(each, "active") is True]
        verified += [text(each, "domain_name") for each in domains if inside(each, "authenticated") is True]
        doubtful = [text(each, "domain_name") for each in domains if inside(each, "verified") is True]
        return identities.judged(addresses, verified, doubtful=doubtful)

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call; see Provider. The same batch within half an hour is recognised, and nothing is sent again."""
        if not len(batch):
            return []
        if len(batch) > MESSAGES:
            raise BatchRefused(f"Brevo takes {MESSAGES} letters in a call, not {len(batch)}")
        body = keyed(batch).joined()
        if len(body) > BYTES:
            raise BatchRefused(f"Brevo is given {BYTES} bytes in a call, not {len(body)}")
        answer = await self.lane.post(SEND, body)
        if answer.status in (201, 202):
            return results(answer.body, len(batch))
        code, words = error_of(answer.body)
        if answer.status == 400 and code in DUPLICATE:
            return [Outcome(Verdict.ACCEPTED, detail=f"Brevo has taken it before ({words or code})")] * len(
                batch
            )
        error = refusal(answer, code, words)
        if len(batch) == 1 and isinstance(error, BatchRefused):
            return [
                Outcome(Verdict.REFUSED, detail=error.message, suppress=RECIPIENT.search(words) is not None)
            ]
        raise error

    async def hear(self, post: Post, now: datetime) -> list[Heard]:
        """See Hears. Proven by the key that we gave Brevo; a call brings one event or a list of them."""
        check_secret(post, self.webhook_key, self.name)
        return [found for event in entries(post) for found in heard(event, now)]


def keyed(batch: Batch) -> Batch:
    """The batch with its own key in its frame: a UUID made of its letters."""
    key = str(uuid.UUID(hex=call_key(batch)[:32], version=5)).encode()
    opening = batch.frame.opening.replace(KEY_PLACE, key, 1)
    return dataclasses.replace(batch, frame=dataclasses.replace(batch.frame, opening=opening))


DUPLICATE = frozenset({"duplicate_parameter", "duplicate_request"})
ACCOUNT_CODES = frozenset(
    {"unauthorized", "permission_denied", "not_enough_credits", "account_under_validation"}
)
ACCOUNT_WORDS = re.compile(r"\bsender\b|not (?:yet )?activated|under validation|credits?\b", re.IGNORECASE)
RECIPIENT = re.compile(
    r"\bto\b.*\b(?:not valid|invalid)|(?:not valid|invalid)\b.*\bto\b|valid .*\bin to\b", re.IGNORECASE
)


def refusal(answer: Answer, code: str, words: str) -> ProviderError:
    """What an answer other than 201 means for the whole batch."""
    said = f"Brevo answered {answer.status}" + (f" ({code}: {words})" if code else "")
    if answer.status < 500 and (
        code in ACCOUNT_CODES or (answer.status == 400 and ACCOUNT_WORDS.search(words))
    ):
        return AccountFault(said, help="look at the account at Brevo, its senders and its API key")
    return answers.refusal("Brevo", answer, f"{code}: {words}" if code else "", wish(answer))


def wish(answer: Answer) -> float | None:
    """How long to wait, in seconds: Retry-After, or when the present window of calls ends."""
    asked = answers.wanted_pause(answer)
    if asked is not None:
        return asked
    try:
        return answers.bounded(float(answer.headers.get("x-sib-ratelimit-reset", "")))
    except ValueError:
        return None


def error_of(body: bytes) -> tuple[str, str]:
    """The code and message of an error; ("", "") where the body holds none."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return "", ""
    return text(found, "code"), text(found, "message")


def results(body: bytes, count: int) -> list[Outcome]:
    """One outcome per message: the ids stand in order. Unknown where they are not as many as the letters."""
    try:
        found = orjson.loads(body)
    except ValueError as error:
        raise Unknown("Brevo's answer could not be read; the letters may have been accepted") from error
    ids = inside(found, "messageIds")
    if ids is None and count == 1:
        ids = [inside(found, "messageId")]
    if (
        not isinstance(ids, list)
        or len(ids) != count
        or not all(isinstance(each, str) and each for each in ids)
    ):
        raise Unknown("Brevo's answer has no id for each letter; the letters may have been accepted")
    return [Outcome(Verdict.ACCEPTED, provider_id=each) for each in ids]


NEWS = {
    "delivered": News.DELIVERED,
    "deferred": News.DEFERRED,
    "hard_bounce": News.BOUNCED,
    "soft_bounce": News.BOUNCED,
    "invalid_email": News.BOUNCED,
    "blocked": News.REFUSED,
    "error": News.REFUSED,
    "spam": News.COMPLAINED,
    "complaint": News.COMPLAINED,
    "opened": News.OPENED,
    "unique_opened": News.OPENED,
    "proxy_open": News.OPENED,
    "unique_proxy_open": News.OPENED,
    "click": News.CLICKED,
    "unsubscribe": News.UNSUBSCRIBED,
    "unsubscribed": News.UNSUBSCRIBED,
}
"""`opened` is the first opening, `unique_opened` each later one. `request` is no news."""

MOMENTS = ("ts_epoch", "s_epoch", "ts_event", "ts")
"""Seconds or milliseconds since 1970; `date` has no zone."""


def heard(event: Entry, now: datetime) -> list[Heard]:
    """One event as news; it has no id, so its content is its identity."""
    kind = text(event, "event")
    news = NEWS.get(kind)
    if news is None:
        return []
    return [
        Heard(
            news=news,
            at=moment(next((event[name] for name in MOMENTS if event.get(name)), None), now),
            identity=identity(event),
            reference=text(event, REFERENCE),
            provider_id=text(event, "message-id"),
            address=text(event, "email"),
            bounce=bounce_of(kind, text(event, "reason")),
            detail=text(event, "reason"),
            url=text(event, "link"),
            agent=text(event, "user_agent"),
            machine="proxy" in kind,
        )
    ]


def bounce_of(kind: str, reason: str) -> Bounce | None:
    """Why a letter did not arrive."""
    if kind in ("hard_bounce", "soft_bounce"):
        return diagnosed("", reason, hard=kind == "hard_bounce")
    return {"invalid_email": Bounce.INVALID, "blocked": Bounce.SUPPRESSED, "error": Bounce.POLICY}.get(kind)
