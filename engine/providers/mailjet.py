"""Mailjet: fifty whole letters in a call over its JSON API, version 3.1.

Facts: Mailjet's guides (Send API v3.1, its properties, forbidden headers and errors; Event API and its table of
errors; rate limits). Each letter is taken or refused by itself, and the call then answers 4xx although the others
left: its body counts, not its status. A List-Unsubscribe is silently replaced by Mailjet's own (Notifuse's report
348, confirmed there by Mailjet's support).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from engine.errors import (
    AccountFault,
    BatchRefused,
    LetterError,
    NotSent,
    ProviderError,
    Unknown,
    UnsupportedFeature,
)
from engine.model.diagnosis import diagnosed
from engine.model.heard import Bounce, Heard, News, Post
from engine.model.letter import Batch, Frame, Letter, Outcome, Verdict
from engine.network.lane import Answer, Lane
from engine.providers import accounts, answers, identities
from engine.providers.base import Account, Limits, Lookup, Sought
from engine.providers.headers import MADE_BY_APIS, header_value, unfolded, unsafe, whole_token
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

ADDRESS = "https://api.mailjet.com"
SEND, MESSAGES = "/v3.1/send", "/v3/REST/message"
LETTERS, BYTES = 50, 15 * 1000 * 1000
LONGEST_SUBJECT = 255
REPLACED_HEADERS = frozenset({"message-id", "date", "list-id"}) | LEAVING
"""Not to be set (the first three), or replaced without a word."""

REFUSED_HEADERS = MADE_BY_APIS | {
    "delivered-to",
    "domainkey-status",
    "received-spf",
    "authentication-results",
    "user-agent",
    "x-mailer",
    "x-feedback-id",
    "x-csa-complaints",
}
OWN_PREFIXES = ("x-mj-", "x-mailjet-")
SEARCH_LAG, SEARCH_DAYS = 300.0, 30
"""Seconds before a message is sure to be found by its CustomID, and days it stays so; not documented, chosen."""

OPTIONS = frozenset({"token", "secret", "webhook_key", "per_second", "url"})


class MailjetWire(ObjectWire):
    """One of the `Messages` of a call."""

    address, name = "Email", "Name"

    def __init__(self, webhook_key: str = "") -> None:
        self.webhook_key = webhook_key

    def frame(self, letter: Letter) -> Frame:
        """The list of messages."""
        return Frame(b'{"Messages":[', b",", b"]}")

    def encode(self, letter: Letter) -> bytes:
        """The message as a JSON object. Its template language and its tracking are off."""
        distinct_names(letter.headers)
        check_leaving(letter, "Mailjet", self.webhook_key)
        message: dict[str, object] = {
            "From": self.mailbox_object("From", letter.sender),
            "To": [self.mailbox_object("To", letter.to)],
            "Subject": subject_text(letter.subject),
        }
        if letter.reply_to is not None:
            message["ReplyTo"] = self.mailbox_object("Reply-To", letter.reply_to)
        if letter.text:
            message["TextPart"] = letter.text
        if letter.html:
            message |= {"HTMLPart": letter.html, "TrackOpens": "disabled", "TrackClicks": "disabled"}
        if not letter.html and not letter.text:
            raise LetterError("the letter has no body", reason="template_error")
        message |= {"TemplateLanguage": False, "CustomID": letter.reference, "Headers": headers_of(letter)}
        if letter.campaign:
            message["CustomCampaign"] = letter.campaign
        return json_bytes(message)

    def escape(self, place: str, value: str) -> bytes:
        """One value where its token stood; see Wire."""
        if place == "Subject":
            return inside_string(subject_text(value))
        if place in ("html", "text", "reference") or place.lower() in MAILBOX_HEADERS:
            return super().escape(place, value)
        return inside_string(plain_value(place, value))


def subject_text(subject: str) -> str:
    """A subject of at most 255 characters."""
    if len(subject) > LONGEST_SUBJECT:
        raise unsafe(f"Subject is longer than the {LONGEST_SUBJECT} characters that Mailjet takes")
    return header_text("Subject", subject)


def headers_of(letter: Letter) -> dict[str, str]:
    """The letter's own headers, but for those that Mailjet writes itself."""
    for name, _ in letter.headers:
        if name.lower() in REFUSED_HEADERS or name.lower().startswith(OWN_PREFIXES):
            raise UnsupportedFeature(f"Mailjet sets the header {name} itself", help="leave it out")
    return {
        name: plain_value(name, value)
        for name, value in letter.headers
        if name.lower() not in REPLACED_HEADERS
    }


def plain_value(name: str, value: str) -> str:
    """A header's value in ASCII on one line."""
    return value if whole_token(value) else unfolded(header_value(name, value))


class Mailjet:
    """Options: `token` (API key), `secret` (its secret key), `webhook_key`, `per_second`, `url`."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        read = Options(name, options, OPTIONS)
        self.name = name
        self.merge_wire = None
        self.webhook_key = read.optional("webhook_key")
        self.wire = MailjetWire(self.webhook_key)
        heard = bool(self.webhook_key)
        self.limits = Limits(
            messages=LETTERS,
            bytes=BYTES,
            per_second=read.number("per_second"),
            lookup=Lookup(lag=SEARCH_LAG, retention=SEARCH_DAYS * 86400.0),
            refused_headers=REFUSED_HEADERS if heard else REFUSED_HEADERS | LEAVING,
            replaced_headers=REPLACED_HEADERS if heard else REPLACED_HEADERS - LEAVING,
        )
        login = base64.b64encode(f"{read.text('token')}:{read.text('secret')}".encode()).decode()
        self.lane = Lane(
            read.text("url", ADDRESS),
            {**CALL_HEADERS, "Authorization": f"Basic {login}"},
            allow_private_networks=read.allow_private_networks,
        )

    async def open(self) -> None:
        """Prepare the connection; raises NotSent when the API's name is unknown, AddressRefused."""
        await self.lane.open()

    async def close(self) -> None:
        """Let go of the connection."""
        await self.lane.close()

    async def probe(self) -> Account:
        """See Probes: the senders that may be used."""
        senders = accounts.listed(
            await accounts.ask("Mailjet", self.lane, "/v3/REST/sender?Limit=1000"), "Data"
        )
        active = sum(text(sender, "Status") == "Active" for sender in senders)
        return Account(f"{active} active senders", "" if active else "no sender is active")

    async def vouch(self, addresses: Sequence[str]) -> Mapping[str, bool]:
        """See Vouches: by the senders, single addresses or whole domains (`*@`)."""
        senders = accounts.listed(
            await accounts.ask("Mailjet", self.lane, "/v3/REST/sender?Limit=1000"), "Data"
        )
        verified = [text(each, "Email") for each in senders if text(each, "Status") == "Active"]
        return identities.judged(addresses, verified, complete=len(senders) < 1000)

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call; see Provider. Where the answer has results, they count whatever its status."""
        if not len(batch):
            return []
        if len(batch) > LETTERS:
            raise BatchRefused(f"Mailjet takes {LETTERS} letters in a call, not {len(batch)}")
        body = batch.joined()
        if len(body) > BYTES:
            raise BatchRefused(f"Mailjet is given {BYTES} bytes in a call, not {len(body)}")
        answer = await self.lane.post(SEND, body)
        found = parsed(answer.body)
        if answer.status < 500 and isinstance(inside(found, "Messages"), list):
            return results(found["Messages"], batch.references)
        if answer.status == 200:
            raise Unknown("Mailjet's answer could not be read; the letters may have been accepted")
        error = refusal(answer, found)
        if len(batch) == 1 and isinstance(error, BatchRefused):
            return [Outcome(Verdict.REFUSED, detail=error.message)]
        raise error

    async def look_up(self, sought: Sequence[Sought]) -> Mapping[str, str]:
        """See LooksUp; one question each, believed only where the answer repeats our own id."""
        known: dict[str, str] = {}
        for each in sought:
            asked = quote(each.reference, safe="")
            answer = await self.lane.get(f"{MESSAGES}?CustomID={asked}&ShowCustomID=true&Limit=10")
            found = parsed(answer.body)
            if answer.status != 200:
                raise refusal(answer, found)
            listed = inside(found, "Data")
            if not isinstance(listed, list):
                raise NotSent("Mailjet's answer to a search could not be read")
            for entry in listed:
                if text(entry, "CustomID") == each.reference and text(entry, "ID"):
                    known[each.reference] = text(entry, "ID")
        return known

    async def hear(self, post: Post, now: datetime) -> list[Heard]:
        """See Hears. Proven by the key in the address we gave Mailjet; one event, or those of a second."""
        check_secret(post, self.webhook_key, self.name)
        return [found for event in entries(post) for found in heard(event, now)]


ACCOUNT_CODES = frozenset({"mj-0001", "mj-0015", "send-0006", "send-0007", "send-0008"})
ADDRESS_FAULT = "mj-0013"
HELP = "look at the account at Mailjet, its keys and its senders"


def parsed(body: bytes) -> dict[str, Any]:
    """An answer as an object; empty where it is none."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def refusal(answer: Answer, found: Mapping[str, object]) -> ProviderError:
    """What an answer without results means for the whole batch: nothing was taken, unless it is 5xx."""
    code, words = text(found, "ErrorCode"), text(found, "ErrorMessage")
    prose = f"{code}: {words}" if code else words
    if answer.status < 500 and code in ACCOUNT_CODES:
        return AccountFault(f"Mailjet answered {answer.status} ({prose})", help=HELP)
    return answers.refusal("Mailjet", answer, prose)


def results(found: list[object], references: Sequence[str]) -> list[Outcome]:
    """One outcome per message, in order. Raises AccountFault where every message is refused for the account's sake."""
    if len(found) > len(references):
        raise Unknown(f"Mailjet answered {len(found)} results to {len(references)} letters")
    if len(found) == len(references) and all(map(blames_account, found)):
        code, words = error_of(found[0])[:2]
        raise AccountFault(f"Mailjet refuses every letter ({code}: {words})", help=HELP)
    missing = Outcome(Verdict.UNKNOWN, detail="Mailjet's answer has no result for this letter")
    known = [result(entry, reference) for entry, reference in zip(found, references, strict=False)]
    return known + [missing] * (len(references) - len(found))


def result(entry: object, reference: str) -> Outcome:
    """One message's outcome."""
    status = text(entry, "Status")
    if status == "success":
        people = inside(entry, "To")
        identifier = text(people[0], "MessageID") if isinstance(people, list) and people else ""
        if identifier and text(entry, "CustomID") in ("", reference):
            return Outcome(Verdict.ACCEPTED, provider_id=identifier)
        return Outcome(
            Verdict.UNKNOWN, detail="Mailjet's result for this letter has no id, or another letter's"
        )
    code, words, place, answered = error_of(entry)
    if status != "error" or not code or answered >= 500:
        return Outcome(Verdict.UNKNOWN, detail="Mailjet's result for this letter is not clear")
    detail = f"{code}: {words}"
    if blames_account(entry) or answered == 429:
        return Outcome(Verdict.RETRY, detail=detail)
    return Outcome(Verdict.REFUSED, detail=detail, suppress=code == ADDRESS_FAULT and place.startswith("To"))


def error_of(entry: object) -> tuple[str, str, str, int]:
    """Code, words, place and status of a message's first error."""
    errors = inside(entry, "Errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    related, status = inside(first, "ErrorRelatedTo"), inside(first, "StatusCode")
    place = str(related[0]) if isinstance(related, list) and related else ""
    return (
        text(first, "ErrorCode"),
        text(first, "ErrorMessage"),
        place,
        status if isinstance(status, int) else 0,
    )


def blames_account(entry: object) -> bool:
    """Whether a message's error is about the account or the sender."""
    code, _, place, status = error_of(entry)
    return (
        code in ACCOUNT_CODES or status in (401, 403) or (code == ADDRESS_FAULT and place.startswith("From"))
    )


NEWS = {
    "sent": News.DELIVERED,
    "bounce": News.BOUNCED,
    "blocked": News.REFUSED,
    "spam": News.COMPLAINED,
    "open": News.OPENED,
    "click": News.CLICKED,
    "unsub": News.UNSUBSCRIBED,
}
"""`sent` means that the receiving server has taken the letter."""

GREYLISTED = "greylisted"
MEANINGS = {
    "user unknown": Bounce.INVALID,
    "invalid domain": Bounce.INVALID,
    "no mail host": Bounce.INVALID,
    "typofix": Bounce.INVALID,
    "mailbox inactive": Bounce.DISABLED,
    "blacklisted": Bounce.SUPPRESSED,
    "spam reporter": Bounce.SUPPRESSED,
    "preblocked": Bounce.SUPPRESSED,
    "quota exceeded": Bounce.SOFT,
    GREYLISTED: Bounce.SOFT,
    "system issue": Bounce.SOFT,
    "protocol issue": Bounce.SOFT,
    "connection issue": Bounce.SOFT,
    "relay/access denied": Bounce.POLICY,
    "bad or empty template": Bounce.POLICY,
    "error in template language": Bounce.POLICY,
    "sender blocked": Bounce.POLICY,
    "content blocked": Bounce.POLICY,
    "policy issue": Bounce.POLICY,
    "duplicate in campaign": Bounce.POLICY,
}
"""Mailjet's own table of errors (Event API, "Possible values for errors")."""


def heard(event: Entry, now: datetime) -> list[Heard]:
    """One event as news; it has no id, so its content is its identity."""
    news = NEWS.get(text(event, "event"))
    if news is None:
        return []
    hard = inside(event, "hard_bounce") is True
    if news is News.BOUNCED and text(event, "error") == GREYLISTED and not hard:
        news = News.DEFERRED
    return [
        Heard(
            news=news,
            at=moment(inside(event, "time"), now),
            identity=identity(event),
            reference=text(event, "CustomID"),
            provider_id=text(event, "MessageID"),
            address=text(event, "email"),
            bounce=bounce_of(event, news, hard),
            detail=text(event, "comment") or text(event, "error") or text(event, "smtp_reply"),
            url=text(event, "url"),
            agent=text(event, "agent"),
            ip=text(event, "ip"),
        )
    ]


def bounce_of(event: Entry, news: News, hard: bool) -> Bounce | None:
    """Why a letter did not arrive: by Mailjet's table, else by the words of both sides."""
    if news not in (News.BOUNCED, News.REFUSED):
        return None
    found = MEANINGS.get(text(event, "error").lower()) or MEANINGS.get(
        text(event, "error_related_to").lower()
    )
    if found is None:
        found = diagnosed("", text(event, "comment"), hard=hard)
    temporary = news is News.BOUNCED and not hard
    return Bounce.SOFT if temporary and found in (Bounce.INVALID, Bounce.DISABLED) else found
