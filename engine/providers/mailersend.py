"""MailerSend: whole letters in bulk calls of 500, each asked after; one letter alone by its own endpoint; its webhooks.

Facts: developers.mailersend.com (sending an email, bulk email, webhooks, error codes), mailersend.com/help (custom
headers, unsubscribe headers), exchanges recorded by its own SDK, and the traps recorded by django-anymail. A bulk
call's 202 says only that it will be looked at: which letters were refused is told by a second question, or later by
a webhook. How that answer names letters is not documented well, so what cannot be told apart stays unknown.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
)
from engine.model.heard import Heard, Post
from engine.model.letter import Batch, Letter, Mailbox, Outcome, Verdict
from engine.network.lane import Answer, Lane
from engine.providers import accounts, answers, identities
from engine.providers.base import Account, Limits
from engine.providers.headers import MADE_BY_APIS, whole_token
from engine.providers.json_wire import (
    CALL_HEADERS,
    ObjectWire,
    distinct_names,
    header_text,
    inside_string,
    json_bytes,
)
from engine.providers.mailersend_news import REFERENCE, Complaint, complaints, news_of, suppressed
from engine.providers.merging import refuse_marks
from engine.providers.options import Options
from engine.providers.proof import check_hash, key_of
from engine.providers.reading import entry_of, inside, text

ADDRESS = "https://api.mailersend.com"
ONE, BULK = "/v1/email", "/v1/bulk-email"
MESSAGES, BYTES = 500, 50 * 1000 * 1000
REFUSED_HEADERS = MADE_BY_APIS
UNSUBSCRIBE = "list-unsubscribe"
REPLACED_HEADERS = frozenset({"date", "message-id", UNSUBSCRIBE, "list-unsubscribe-post"})
"""MailerSend writes the last two itself, from the address it is given."""

FILLED_IN = ("{{", "{%", "{$")
"""How MailerSend's own personal values begin."""

NO_TRACKING = {"track_clicks": False, "track_opens": False, "track_content": False}
OPTIONS = frozenset({"token", "webhook_key", "per_second", "url"})
BETWEEN_BRACKETS = re.compile(r"<([^<>]+)>")


class MailersendWire(ObjectWire):
    """One element of the array `/v1/bulk-email` takes, and the body of `/v1/email`."""

    by_character = False

    def encode(self, letter: Letter) -> bytes:
        """The message as a JSON object. Tracking is off: links and opens are the campaign's own business."""
        if not letter.html and not letter.text:
            raise LetterError("the letter has no body", reason="template_error")
        refuse_marks(letter.subject + letter.html + letter.text, *FILLED_IN)
        message: dict[str, object] = {
            "from": self.mailbox_object("From", letter.sender),
            "to": [self.mailbox_object("To", letter.to)],
            "subject": header_text("Subject", letter.subject),
        }
        if letter.reply_to is not None:
            message["reply_to"] = self.mailbox_object("Reply-To", letter.reply_to)
        message |= {name: value for name, value in (("text", letter.text), ("html", letter.html)) if value}
        tags = [letter.campaign, REFERENCE + letter.reference]
        message |= {"tags": [tag for tag in tags if tag], "settings": NO_TRACKING}
        return json_bytes(message | headers_of(letter))

    def escape(self, place: str, value: str) -> bytes:
        """One value inside its JSON string; see Wire. In HTML braces become character references."""
        if place == "html":
            return inside_string(value.replace("{", "&#123;"))
        if any(mark in value for mark in FILLED_IN):
            raise LetterError(
                f"{place}: MailerSend would read the braces in `{value[:40]}` as a value of its own",
                reason="template_error",
                help="correct the value in the customer's data",
            )
        if place.lower() == UNSUBSCRIBE:
            return inside_string(address_of(header_text(place, value)))
        return super().escape(place, value)

    def written(self, place: str, mailbox: Mailbox) -> dict[str, str]:
        """A recipient's name may not hold `,` or `;`: spaces stand in their place."""
        if place == "To":
            mailbox = Mailbox(re.sub("[,;]", " ", mailbox.name), mailbox.address)
        return super().written(place, mailbox)


def headers_of(letter: Letter) -> dict[str, object]:
    """The letter's own headers, and the address to leave by."""
    distinct_names(letter.headers)
    fields: dict[str, object] = {}
    own = []
    for name, value in letter.headers:
        if name.lower() in REFUSED_HEADERS:
            raise UnsupportedFeature(f"MailerSend sets the header {name} itself", help="leave it out")
        if name.lower() == UNSUBSCRIBE:
            fields["list_unsubscribe"] = value if whole_token(value) else address_of(header_text(name, value))
        elif name.lower() not in REPLACED_HEADERS:
            own.append({"name": name, "value": header_text(name, value)})
    return fields | ({"headers": own} if own else {})


def address_of(value: str) -> str:
    """The address of a List-Unsubscribe header, without brackets: that of a page before that of a mailbox."""
    found: list[str] = BETWEEN_BRACKETS.findall(value) or [value]
    return next((each for each in found if each.startswith("http")), found[0])


@dataclass(frozen=True, slots=True)
class Checking:
    """How a bulk call is asked after, in seconds: after so long, then each time twice as long, all in all."""

    first: float = 0.5
    whole: float = 15.0


class Mailersend:
    """Options: `token`, `webhook_key` (the webhook's signing secret), `per_second`, `url`."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        read = Options(name, options, OPTIONS)
        self.name = name
        self.webhook_key = read.optional("webhook_key")
        self.merge_wire = None
        self.wire = MailersendWire()
        self.checking = Checking()
        self.paused = False
        self.limits = Limits(
            messages=MESSAGES,
            bytes=BYTES,
            per_second=read.number("per_second"),
            refused_headers=REFUSED_HEADERS,
            replaced_headers=REPLACED_HEADERS,
        )
        self.lane = Lane(
            read.text("url", ADDRESS),
            {**CALL_HEADERS, "Authorization": f"Bearer {read.text('token')}"},
            allow_private_networks=read.allow_private_networks,
        )

    async def open(self) -> None:
        """Prepare the connection; raises NotSent when the API's name is unknown, AddressRefused."""
        await self.lane.open()

    async def close(self) -> None:
        """Let go of the connection."""
        await self.lane.close()

    async def probe(self) -> Account:
        """See Probes: the domains. A token without the right to ask is known by being forbidden."""
        answer = await self.lane.get("/v1/domains?limit=100")
        if answer.status == 403:
            return Account("a token that may not ask about domains")
        domains = accounts.listed(accounts.read("MailerSend", answer), "data")
        names = [text(each, "name") for each in domains if inside(each, "is_verified") is True]
        return Account(
            f"domains {', '.join(names)}" if names else "", "" if names else "no domain is verified"
        )

    async def vouch(self, addresses: Sequence[str]) -> Mapping[str, bool]:
        """See Vouches: by the domains. A token without the right to ask is refused."""
        found = await accounts.ask("MailerSend", self.lane, f"/v1/domains?limit={identities.AT_ONCE}")
        domains = accounts.listed(found, "data")
        verified = [text(each, "name") for each in domains if inside(each, "is_verified") is True]
        return identities.judged(addresses, verified, complete=len(domains) < identities.AT_ONCE)

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call, and for a bulk what became of it. Raises AccountFault once after letters were taken but held."""
        if not len(batch):
            return []
        if self.paused:
            self.paused = False
            raise AccountFault(
                "MailerSend takes letters but has paused sending them",
                help="look at the account at MailerSend; what it has taken will leave when it sends again",
            )
        if len(batch) > MESSAGES:
            raise BatchRefused(f"MailerSend takes {MESSAGES} letters in a call, not {len(batch)}")
        body = batch.joined() if len(batch) > 1 else next(batch.messages())
        if len(body) > BYTES:
            raise BatchRefused(f"MailerSend takes {BYTES} bytes in a call, not {len(body)}")
        answer = await self.lane.post(BULK if len(batch) > 1 else ONE, body)
        if answer.status != 202:
            if len(batch) == 1:
                return [turned_down(answer)]
            raise refusal(answer)
        self.paused = answer.headers.get("x-send-paused", "").lower() == "true"
        if len(batch) == 1:
            return [taken(answer)]
        return await self.became(text(content(answer.body), "bulk_email_id"), batch)

    async def became(self, bulk: str, batch: Batch) -> list[Outcome]:
        """What became of a bulk call; letters of which it cannot be learned are UNKNOWN."""
        if not bulk:
            raise Unknown("MailerSend's answer has no id; the letters may have been accepted")
        pause, waited = self.checking.first, 0.0
        state: object = None
        while waited < self.checking.whole:
            await asyncio.sleep(pause)
            waited, pause = waited + pause, pause * 2
            try:
                answer = await self.lane.get(f"{BULK}/{bulk}")
            except ProviderError:
                # Nothing is lost by not knowing yet; the letters are with MailerSend.
                continue
            state = inside(content(answer.body), "data") if answer.status == 200 else None
            if text(state, "state") == "completed":
                return settled(bulk, state, batch)
        detail = f"MailerSend has not said yet which letters of {bulk} it takes"
        return [Outcome(Verdict.UNKNOWN, f"{bulk}/{place}", detail) for place in range(len(batch))]

    async def hear(self, post: Post, now: datetime) -> list[Heard]:
        """See Hears. One call is one event. The signature has no moment: what is told twice counts once."""
        key = key_of(self.webhook_key, self.name)
        check_hash(key.encode(), post.body, post.headers.get("signature", ""), self.name)
        return news_of(entry_of(post), now)


CODE = re.compile(r"#(MS\d{5})")
ACCOUNT_CODES = frozenset({"MS42204", "MS42207", "MS42225", "MS42901"})
"""Quota, domain not verified, trial account's recipients, quota of the day; 403 and 401 say so themselves."""

SENDER_FIELD = re.compile(r"(?:^|\.)(?:from|reply_to|headers|list_unsubscribe)(?:\.|$)")
RECIPIENT_FIELD = re.compile(r"(?:^|\.)to(?:\.\d+)?(?:\.email)?$")
SUPPRESSED = "ALL_SUPPRESSED"
ACCOUNT_HELP = "look at the account at MailerSend: plan, quota, domain, token"


def refusal(answer: Answer) -> ProviderError:
    """What an answer other than 202 means for the whole call."""
    found = content(answer.body)
    prose, fields = text(found, "message"), fields_of(found)
    error = answers.refusal("MailerSend", answer, prose)
    code = CODE.search(prose)
    if (code and code[1] in ACCOUNT_CODES) or (
        isinstance(error, BatchRefused) and any(map(SENDER_FIELD.search, fields))
    ):
        return AccountFault(error.message, help=ACCOUNT_HELP)
    if answer.status == 421:
        return NotSent(error.message, help="MailerSend is being maintained")
    return error


def turned_down(answer: Answer) -> Outcome:
    """The outcome of one letter alone that was not taken; raises what is not its own fault."""
    error = refusal(answer)
    if not isinstance(error, BatchRefused):
        raise error
    dead = any(map(RECIPIENT_FIELD.search, fields_of(content(answer.body))))
    return Outcome(Verdict.REFUSED, detail=error.message, suppress=dead)


def fields_of(found: object) -> list[str]:
    """The fields that an error complains of."""
    errors = inside(found, "errors")
    return [str(name) for name in errors] if isinstance(errors, Mapping) else []


def content(body: bytes) -> object:
    """An answer's JSON; None where it is none, which is fine for an accepted letter."""
    try:
        return orjson.loads(body)
    except ValueError:
        return None


def taken(answer: Answer) -> Outcome:
    """The outcome of one letter alone that got a 202: it may still say that nobody will get it."""
    identifier = answer.headers.get("x-message-id", "").strip()
    warnings = inside(content(answer.body), "warnings")
    told = [text(each, "type") for each in warnings] if isinstance(warnings, list) else []
    if identifier:
        paused = answer.headers.get("x-send-paused", "").lower() == "true"
        detail = "taken, but MailerSend has paused sending" if paused else ", ".join(told)
        return Outcome(Verdict.ACCEPTED, identifier, detail)
    if SUPPRESSED in told:
        return Outcome(
            Verdict.REFUSED, detail=f"MailerSend does not send to this address ({SUPPRESSED})", suppress=True
        )
    return Outcome(Verdict.UNKNOWN, detail="MailerSend's answer has no id for this letter")


def settled(bulk: str, state: object, batch: Batch) -> list[Outcome]:
    """One outcome per letter of a finished bulk call. Raises AccountFault where the sender is at fault for all."""
    wrong = {each.place: each for each in complaints(state) if each.place < len(batch)}
    if len(wrong) == len(batch) and all(SENDER_FIELD.search(each.field) for each in wrong.values()):
        raise AccountFault(f"MailerSend refuses every letter ({wrong[0].words})", help=ACCOUNT_HELP)
    passed_over = suppressed(state)
    counted = inside(state, "validation_errors_count")
    clear = len(wrong) >= counted if isinstance(counted, int) else not inside(state, "validation_errors")
    listed = inside(state, "messages_id")
    outcomes: list[Outcome | None] = []
    for place, recipient in enumerate(batch.recipients):
        if place in wrong:
            outcomes.append(complained(wrong[place]))
        elif recipient.lower() in passed_over:
            detail = f"MailerSend does not send to this address ({passed_over[recipient.lower()]})"
            outcomes.append(Outcome(Verdict.REFUSED, detail=detail, suppress=True))
        else:
            outcomes.append(None)
    identifiers = named(listed, outcomes.count(None))
    if not clear:
        detail = f"MailerSend refused letters of {bulk} without saying which"
        return [
            each or Outcome(Verdict.UNKNOWN, f"{bulk}/{place}", detail) for place, each in enumerate(outcomes)
        ]
    return [
        each or Outcome(Verdict.ACCEPTED, next(identifiers, "") or f"{bulk}/{place}")
        for place, each in enumerate(outcomes)
    ]


def named(listed: object, count: int) -> Iterator[str]:
    """The ids of the letters taken, in their order; none where there are not as many as letters."""
    return iter(map(str, listed)) if isinstance(listed, list) and len(listed) == count else iter(())


def complained(complaint: Complaint) -> Outcome:
    """The outcome of one letter that did not pass. What is the sender's matter may be tried again."""
    detail = f"{complaint.field}: {complaint.words}"
    if SENDER_FIELD.search(complaint.field):
        return Outcome(Verdict.RETRY, detail=detail)
    return Outcome(
        Verdict.REFUSED, detail=detail, suppress=RECIPIENT_FIELD.search(complaint.field) is not None
    )
