"""Resend: whole messages in batches of 100 over its JSON API, each call under a key that it remembers for a day.

Facts: resend.com/docs (send batch emails, idempotency keys, batch validation modes, errors, rate limit, webhooks)
and its OpenAPI document 1.5.0. A batch is checked letter by letter ("permissive"): a 200 has the ids of those
that were taken, and the places of those that were not.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson

from engine.errors import (
    AccountFault,
    BatchRefused,
    LetterError,
    NotSent,
    ProviderError,
    Unknown,
    UnsupportedFeature,
    WebhookRefused,
)
from engine.model.heard import Bounce, Heard, News, Post
from engine.model.letter import Batch, Letter, Outcome, Verdict
from engine.network.lane import Answer, Lane
from engine.providers import accounts, answers, identities
from engine.providers.amazon_bounces import amazon_bounce
from engine.providers.base import Account, Idempotency, Limits
from engine.providers.call_key import call_key
from engine.providers.headers import MADE_BY_APIS, whole_token
from engine.providers.json_wire import (
    CALL_HEADERS,
    JsonWire,
    address_text,
    distinct_names,
    header_text,
    json_bytes,
)
from engine.providers.mailboxes import read_mailbox
from engine.providers.options import Options
from engine.providers.proof import check_fresh, key_of, keyed_hash, same, unproven
from engine.providers.reading import Entry, entry_of, inside, moment, text

ADDRESS = "https://api.resend.com"
BATCH = "/emails/batch"
MESSAGES, BYTES = 100, 40 * 1000 * 1000
REMEMBERED, LONGEST_KEY = 24 * 3600.0, 256
REPLACED_HEADERS = frozenset({"message-id", "date"})
"""Resend sends through Amazon SES, which writes both itself."""

REFUSED_HEADERS = MADE_BY_APIS
TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
OPTIONS = frozenset({"token", "webhook_key", "per_second", "url"})


class ResendWire(JsonWire):
    """One element of the array `/emails/batch` takes."""

    def encode(self, letter: Letter) -> bytes:
        """The message as a JSON object."""
        distinct_names(letter.headers)
        if not letter.html and not letter.text:
            raise LetterError("the letter has no body", reason="template_error")
        message: dict[str, object] = {
            "from": address_text("From", letter.sender),
            "to": [address_text("To", letter.to)],
            "subject": header_text("Subject", letter.subject),
        }
        if letter.reply_to is not None:
            message["reply_to"] = address_text("Reply-To", letter.reply_to)
        if letter.html:
            message["html"] = letter.html
        if letter.text:
            message["text"] = letter.text
        message["headers"] = headers_of(letter)
        campaign = re.sub(r"[^A-Za-z0-9_-]", "_", letter.campaign)
        message["tags"] = [
            {"name": name, "value": value}
            for name, value in (("campaign", campaign), ("reference", tag_text(letter.reference)))
            if value
        ]
        return json_bytes(message)

    def escape(self, place: str, value: str) -> bytes:
        """One value inside its JSON string; see Wire."""
        return tag_text(value).encode() if place == "reference" else super().escape(place, value)


def headers_of(letter: Letter) -> dict[str, str]:
    """The letter's own headers, but for those that Resend writes itself."""
    for name, _ in letter.headers:
        if name.lower() in REFUSED_HEADERS:
            raise UnsupportedFeature(f"Resend sets the header {name} itself", help="leave it out")
    return {
        name: header_text(name, value)
        for name, value in letter.headers
        if name.lower() not in REPLACED_HEADERS
    }


def tag_text(reference: str) -> str:
    """Our reference as a tag's value."""
    if reference and not whole_token(reference) and not TAG.fullmatch(reference):
        raise LetterError("a reference must be letters, digits, - and _", reason="unsafe_header")
    return reference


class Resend:
    """Options: `token`, `webhook_key` (the webhook's signing secret, `whsec_…`), `per_second`, `url`."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        read = Options(name, options, OPTIONS)
        self.name = name
        self.merge_wire = None
        self.wire = ResendWire()
        self.webhook_key = read.optional("webhook_key")
        self.limits = Limits(
            messages=MESSAGES,
            bytes=BYTES,
            per_second=read.number("per_second"),
            idempotency=Idempotency(lifetime=REMEMBERED, longest_key=LONGEST_KEY),
            refused_headers=REFUSED_HEADERS,
            replaced_headers=REPLACED_HEADERS,
        )
        self.lane = Lane(
            read.text("url", ADDRESS),
            {
                **CALL_HEADERS,
                "Authorization": f"Bearer {read.text('token')}",
                "x-batch-validation": "permissive",
            },
            allow_private_networks=read.allow_private_networks,
        )

    async def open(self) -> None:
        """Prepare the connection; raises NotSent when the API's name is unknown, AddressRefused."""
        await self.lane.open()

    async def close(self) -> None:
        """Let go of the connection."""
        await self.lane.close()

    async def probe(self) -> Account:
        """See Probes: the domains. A key that may only send is known by being refused for that."""
        answer = await self.lane.get("/domains")
        if answer.status in (401, 403) and error_of(answer.body)[0] == "restricted_api_key":
            return Account("a key that may only send")
        domains = accounts.listed(accounts.read("Resend", answer), "data")
        names = [text(each, "name") for each in domains if text(each, "status") == "verified"]
        return Account(
            f"domains {', '.join(names)}" if names else "", "" if names else "no domain is verified"
        )

    async def vouch(self, addresses: Sequence[str]) -> Mapping[str, bool]:
        """See Vouches: by the domains. A key that may only send is refused."""
        question = f"/domains?limit={identities.AT_ONCE}"
        domains = accounts.listed(await accounts.ask("Resend", self.lane, question), "data")
        known, unsure = ("verified",), ("partially_verified", "partially_failed")
        verified, doubtful = (
            [text(each, "name") for each in domains if text(each, "status") in states]
            for states in (known, unsure)
        )
        complete = len(domains) < identities.AT_ONCE
        return identities.judged(addresses, verified, doubtful=doubtful, complete=complete)

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call; see Provider. The same batch within a day is answered again, and nothing is sent again."""
        if not len(batch):
            return []
        if len(batch) > MESSAGES:
            raise BatchRefused(f"Resend takes {MESSAGES} letters in a call, not {len(batch)}")
        body = batch.joined()
        if len(body) > BYTES:
            raise BatchRefused(f"Resend takes {BYTES} bytes in a call, not {len(body)}")
        answer = await self.lane.post(BATCH, body, {"Idempotency-Key": call_key(batch)})
        if answer.status == 200:
            return results(answer.body, len(batch))
        error = refusal(answer)
        if len(batch) == 1 and isinstance(error, BatchRefused):
            return [refused(error_of(answer.body)[1] or error.message)]
        raise error

    async def hear(self, post: Post, now: datetime) -> list[Heard]:
        """See Hears. One call is one event; its identity is the call's own id."""
        check_svix(post, now, self.webhook_key, self.name)
        return heard(entry_of(post), post.headers.get("svix-id", ""), now)


QUOTAS = frozenset({"daily_quota_exceeded", "monthly_quota_exceeded"})
ACCOUNT_NAMES = frozenset({"missing_api_key", "restricted_api_key", "invalid_api_key", "security_error"})
ACCOUNT_WORDS = re.compile(
    r"API key|`?from`? (?:field|address)|domain is not verified|verify (?:a|your) domain|testing emails",
    re.IGNORECASE,
)
RECIPIENT_WORDS = re.compile(r"`?to`? (?:field|address)|recipient", re.IGNORECASE)
IN_USE = frozenset({"invalid_idempotent_request", "concurrent_idempotent_requests"})


def refusal(answer: Answer) -> ProviderError:
    """What an answer other than 200 means for the whole batch. There are two 429s: only its name tells them apart."""
    name, words = error_of(answer.body)
    said = f"Resend answered {answer.status}" + (f" ({name}: {words})" if name else "")
    if answer.status == 409 or name in IN_USE:
        return Unknown(f"{said}; an earlier call with these letters may have been accepted")
    if name in QUOTAS:
        return AccountFault(said, help="the plan's sending limit is used up: wait, or raise it at Resend")
    if answer.status == 429:
        return NotSent(said, help="Resend asks for patience", retry_after=wish(answer))
    if name in ACCOUNT_NAMES or (400 <= answer.status < 500 and ACCOUNT_WORDS.search(words)):
        return AccountFault(said, help="look at the account at Resend, its domain and its API key")
    return answers.refusal("Resend", answer, f"{name}: {words}" if name else "")


def wish(answer: Answer) -> float | None:
    """How long to wait, in seconds: Retry-After, or when the present window of requests ends."""
    asked = answers.wanted_pause(answer)
    if asked is not None:
        return asked
    try:
        return answers.bounded(float(answer.headers.get("ratelimit-reset", "")))
    except ValueError:
        return None


def error_of(body: bytes) -> tuple[str, str]:
    """The name and message of an error; ("", "") where the body holds none."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return "", ""
    return (text(found, "name"), text(found, "message")) if isinstance(found, dict) else ("", "")


def results(body: bytes, count: int) -> list[Outcome]:
    """One outcome per message of a 200: `errors` has the places of those refused, `data` the others in order.

    Raises AccountFault where every message was turned down because of the account.
    """
    try:
        found = orjson.loads(body)
    except ValueError as error:
        raise Unknown("Resend's answer could not be read; the letters may have been accepted") from error
    data, errors = inside(found, "data"), inside(found, "errors") or []
    if not isinstance(data, list) or not isinstance(errors, list):
        raise Unknown("Resend's answer has no list of results; the letters may have been accepted")
    places = [inside(entry, "index") for entry in errors]
    if not all(type(place) is int and 0 <= place < count for place in places) or len({*places}) < len(places):
        raise Unknown("Resend's answer names letters that were not sent; the others may have been accepted")
    wrong = {place: text(entry, "message") for place, entry in zip(places, errors, strict=True)}
    if len(wrong) == count and all(map(ACCOUNT_WORDS.search, wrong.values())):
        raise AccountFault(
            f"Resend refuses every letter ({next(iter(wrong.values()))})",
            help="look at the account at Resend, its domain and the sender in config/senders.yaml",
        )
    unclear = Outcome(Verdict.UNKNOWN, detail="Resend's answer has no id for this letter")
    taken = [accepted(entry) or unclear for entry in data]
    if len(taken) != count - len(wrong):
        taken = [unclear] * (count - len(wrong))
    following = iter(taken)
    return [refused(wrong[place]) if place in wrong else next(following) for place in range(count)]


def accepted(entry: object) -> Outcome | None:
    """The outcome of a letter that was given an id."""
    identifier = text(entry, "id")
    return Outcome(Verdict.ACCEPTED, provider_id=identifier) if identifier else None


def refused(words: str) -> Outcome:
    """The outcome of one letter that was not taken. What is the account's matter may be tried again."""
    if ACCOUNT_WORDS.search(words):
        return Outcome(Verdict.RETRY, detail=words)
    return Outcome(Verdict.REFUSED, detail=words, suppress=RECIPIENT_WORDS.search(words) is not None)


def check_svix(post: Post, now: datetime, key: str, provider: str) -> None:
    """Svix's signature over id, moment and body. Several may be given while the key is being changed."""
    try:
        secret = base64.b64decode(key_of(key, provider).removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise WebhookRefused(
            f"the webhook_key of `{provider}` is not a signing secret",
            help="copy the webhook's signing secret, whsec_…, from Resend",
            status=403,
        ) from error
    identifier, signed = post.headers.get("svix-id", ""), post.headers.get("svix-timestamp", "")
    message = f"{identifier}.{signed}.".encode() + post.body
    expected = "v1," + base64.b64encode(keyed_hash(secret, message)).decode()
    offered = post.headers.get("svix-signature", "").split()
    # All are compared, so that the time taken does not say which one was close.
    fitting = sum(same(each, expected) for each in offered)
    if not identifier or not fitting:
        raise unproven(provider, "the signature does not fit")
    if not signed.isascii() or not signed.isdigit():
        raise unproven(provider, "the signature has no moment")
    check_fresh(float(signed), now, provider)


NEWS = {
    "email.delivered": News.DELIVERED,
    "email.delivery_delayed": News.DEFERRED,
    "email.bounced": News.BOUNCED,
    "email.suppressed": News.REFUSED,
    "email.failed": News.REFUSED,
    "email.complained": News.COMPLAINED,
    "email.opened": News.OPENED,
    "email.clicked": News.CLICKED,
}
"""Sent, scheduled, received, and what concerns contacts and domains, is no news of a letter's fate."""


def heard(event: Entry, identity: str, now: datetime) -> list[Heard]:
    """One event as news."""
    news = NEWS.get(text(event, "type"))
    if news is None:
        return []
    people, bounce = inside(event, "data", "to"), bounce_of(event, news)
    address = people[0] if isinstance(people, list) and len(people) == 1 else ""
    return [
        Heard(
            news=News.REFUSED if bounce == Bounce.SUPPRESSED else news,
            at=moment(inside(event, "data", "click", "timestamp") or inside(event, "created_at"), now),
            identity=identity,
            reference=text(event, "data", "tags", "reference"),
            provider_id=text(event, "data", "email_id"),
            address=read_mailbox(address).address if isinstance(address, str) else "",
            bounce=bounce,
            detail=next(filter(None, (text(event, "data", *path) for path in DETAILS)), ""),
            url=text(event, "data", "click", "link"),
            agent=text(event, "data", "click", "userAgent"),
            ip=text(event, "data", "click", "ipAddress"),
        )
    ]


DETAILS = (("bounce", "message"), ("suppressed", "message"), ("failed", "reason"))


def bounce_of(event: Entry, news: News) -> Bounce | None:
    """Why a letter came back. Before 2025 bounces had no type, and were permanent."""
    if text(event, "type") == "email.suppressed":
        return Bounce.SUPPRESSED
    if news == News.REFUSED:
        return Bounce.POLICY
    if news != News.BOUNCED:
        return None
    bounce = inside(event, "data", "bounce")
    if "suppress" in text(bounce, "message"):
        return Bounce.SUPPRESSED
    replies = inside(bounce, "diagnosticCode")
    words = " ".join(map(str, replies)) if isinstance(replies, list) else ""
    return amazon_bounce(text(bounce, "type") or "Permanent", text(bounce, "subType"), "", words)
