"""Mailgun: one letter for up to 1000 people in a call (recipient variables), or one whole letter a call.

Facts: documentation.mailgun.com (sending, batch sending, events, webhooks), its OpenAPI document, and the traps
recorded by django-anymail. A 200 says nothing of single people and has one id for all of them; what became of each
is told by events, which carry our reference. That each reader can have a Message-Id of their own through a variable
was tried by Ghost (TryGhost/Ghost, pull request 30776).
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from urllib.parse import quote, urlencode

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
from engine.model.letter import Batch, Frame, Letter, Outcome, Verdict
from engine.network.lane import Answer, Lane
from engine.providers import accounts, answers, identities
from engine.providers.base import Account, Limits, Lookup, Sought, Spends
from engine.providers.form_wire import (
    BODIES,
    CLOSING,
    CONTENT_TYPE,
    field,
    fields,
    form_value,
    json_of_form,
    mailbox_line,
    one_line,
    opened,
    raw_text,
)
from engine.providers.headers import ASCII_HEADERS, MADE_BY_APIS
from engine.providers.json_wire import CALL_HEADERS, JsonWire, distinct_names, header_text, inside_string
from engine.providers.mailboxes import is_simple, is_token, mailbox_value, read_mailbox
from engine.providers.mailgun_news import is_form, legacy, news_of
from engine.providers.merging import check_mergeable, name_of, refuse_marks, tagged, tokens_in, unmarked
from engine.providers.options import Options
from engine.providers.proof import Tokens, check_fresh, check_hash, key_of, unproven
from engine.providers.reading import entry_of, identity, inside, text, unreadable
from engine.providers.singles import SINGLE_MESSAGES, Singles

ADDRESS = "https://api.mailgun.net"
MERGED, BYTES = 1000, 25 * 1000 * 1000
REFUSED_HEADERS = MADE_BY_APIS
REPLACED_HEADERS = frozenset({"date"})
VARIABLE = "%recipient"
OTHER_VARIABLES = ("%unsubscribe_", "%tag_unsubscribe_", "%mailing_list_")
"""What Mailgun replaces in the texts of a letter; the others also where nothing is merged."""

SEARCH_DAYS = 1
SEARCH_LAG = 1800.0
"""Seconds. Events of the last half hour may still be missing, says the manual; free accounts keep them a day."""

RETRIED = 9 * 3600.0
"""Seconds. A call that is not answered is repeated for eight hours, and whether it is signed anew is not said."""

MAGNIFICENT = b"Mailgun Magnificent API"
SPLIT = b"\x00"
OPTIONS = frozenset({"token", "domain", "webhook_key", "merge", "per_second", "url"})
SETTINGS = (
    ("o:tracking", b"no"),
    ("o:tracking-clicks", b"no"),
    ("o:tracking-opens", b"no"),
    ("o:suppress-headers", b"X-Mailgun-Variables,X-Mailgun-Tag"),
)
"""Links and opens are the campaign's own business, and its reader need not see our reference."""


class MailgunWire:
    """A whole letter: the form of one call."""

    def frame(self, letter: Letter) -> Frame:
        """Each letter is a call of its own."""
        return Frame()

    def encode(self, letter: Letter) -> bytes:
        """The letter for its one recipient."""
        to = [("to", mailbox_line("To", letter.to))]
        return fields(to + fields_of(letter)) + CLOSING

    def escape(self, place: str, value: str) -> bytes:
        """One value in its field; see Wire."""
        return form_value(place, value)


def fields_of(letter: Letter) -> list[tuple[str, bytes]]:
    """Everything a letter says, but for its recipient. Tokens stay where they are."""
    if not letter.html and not letter.text:
        raise LetterError("the letter has no body", reason="template_error")
    refuse_marks(letter.subject + letter.html + letter.text, *OTHER_VARIABLES)
    named = [("from", mailbox_line("From", letter.sender)), ("subject", subject_of(letter))]
    named += [
        (name, raw_text(value)) for name, value in (("text", letter.text), ("html", letter.html)) if value
    ]
    if letter.reply_to is not None:
        named.append(("h:Reply-To", mailbox_line("Reply-To", letter.reply_to)))
    named += [(f"h:{name}", one_line(name, value)) for name, value in headers_of(letter)]
    if letter.campaign:
        named.append(("o:tag", letter.campaign.encode()))
    return [*named, *SETTINGS, ("v:reference", one_line("reference", letter.reference))]


def subject_of(letter: Letter) -> bytes:
    """The subject; Mailgun refuses a call without one."""
    if not letter.subject:
        raise LetterError(
            "the letter has no subject, and Mailgun sends none without", reason="template_error"
        )
    return header_text("Subject", letter.subject).encode()


def headers_of(letter: Letter) -> list[tuple[str, str]]:
    """The letter's own headers and its Message-Id."""
    distinct_names(letter.headers)
    for name, _ in letter.headers:
        if name.lower() in REFUSED_HEADERS:
            raise UnsupportedFeature(f"Mailgun sets the header {name} itself", help="leave it out")
    own = [(name, value) for name, value in letter.headers if name.lower() not in REPLACED_HEADERS]
    return own + ([("Message-Id", letter.message_id)] if letter.message_id else [])


class MailgunMergeWire(MailgunWire):
    """One letter with variables, and for each person what stands where.

    A message is the recipient as the field `to` wants it, a NUL, and the recipient's entry in the recipient
    variables. A call has them in two different fields: `assembled` puts them there.
    """

    merges = True
    by_character = True

    def frame(self, letter: Letter) -> Frame:
        """The letter up to the first person's variables."""
        check_mergeable(letter)
        refuse_marks("\n".join(personal_texts(letter)), VARIABLE)
        common = [(name, tagged(value.decode(), with_variable).encode()) for name, value in fields_of(letter)]
        opening = fields(common) + opened("recipient-variables") + b"{"
        return Frame(opening, b",", b"}\r\n" + CLOSING, merged=True)

    def encode(self, letter: Letter) -> bytes:
        """One person's recipient and values."""
        to = letter.to.address
        if not is_token(letter.to):
            to = self.escape("To", mailbox_value(letter.to)).decode()
        values = {variable(token): token for token in tokens_in(*personal_texts(letter))}
        return to.encode() + orjson.dumps(values)

    def escape(self, place: str, value: str) -> bytes:
        """See Wire; UnsupportedFeature for a value that Mailgun would take for a variable."""
        return self.escaper(place)(value)

    def escaper(self, place: str) -> Callable[[str], bytes]:
        """`escape` for one place, what can be looked up beforehand looked up."""
        kind = place.lower()
        escape: Callable[[str], bytes] = partial(json_of_form, place)
        if kind in BODIES or kind == "subject" or kind in ASCII_HEADERS:
            # Such a header stands in a form as it stands in JSON.
            escape = JsonWire().escaper(place)
        escape = recipient_entry if kind == "to" else escape
        return unmarked(escape, VARIABLE, *OTHER_VARIABLES)


def recipient_entry(value: str) -> bytes:
    """A recipient as the field `to` wants it, and what the entry in the recipient variables begins with."""
    if is_simple(value):
        address = value.rpartition(" <")[2].removesuffix(">")
        return f'{value}\x00"{address}":'.encode()
    line = form_value("To", value)
    return line + SPLIT + b'"' + inside_string(read_mailbox(line.decode()).address) + b'":'


def personal_texts(letter: Letter) -> list[str]:
    """Every text of a letter in which a personal value may stand, but for its recipient."""
    own = [letter.subject, letter.text, letter.html, letter.message_id, letter.reference]
    return own + [value for _, value in letter.headers]


def variable(token: str) -> str:
    """The name of the variable for a token."""
    return f"v{name_of(token)}"


def with_variable(token: str) -> str:
    """How Mailgun writes that something is filled in."""
    return f"{VARIABLE}.{variable(token)}%"


def assembled(batch: Batch) -> bytes:
    """A merged batch as the form of one call."""
    people, entries = [], []
    for message in batch.messages():
        to, _, entry = message.partition(SPLIT)
        people.append(field("to", to))
        entries.append(entry)
    frame = batch.frame
    return b"".join((*people, frame.opening, frame.between.join(entries), frame.closing))


class Mailgun:
    """Options: `token` (an API key), `domain`, `webhook_key` (the signing key), `merge`, `per_second`, `url`."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        read = Options(name, options, OPTIONS)
        self.name = name
        domain = read.text("domain")
        if "/" in domain or "%" in domain:
            raise read.wrong("domain", "must be a domain alone")
        self.path = f"/v3/{quote(domain, safe='')}"
        self.webhook_key = read.optional("webhook_key")
        self.wire = MailgunWire()
        self.merge_wire = MailgunMergeWire() if read.yes("merge", True) else None
        self.limits = Limits(
            messages=SINGLE_MESSAGES,
            merged=MERGED if self.merge_wire else 0,
            bytes=BYTES,
            per_second=read.number("per_second"),
            lookup=Lookup(lag=SEARCH_LAG, retention=SEARCH_DAYS * 86400.0),
            refused_headers=REFUSED_HEADERS,
            replaced_headers=REPLACED_HEADERS,
        )
        account = base64.b64encode(f"api:{read.text('token')}".encode()).decode()
        url = read.text("url", ADDRESS)
        headers = {**CALL_HEADERS, "Content-Type": CONTENT_TYPE, "Authorization": f"Basic {account}"}
        private = read.allow_private_networks
        self.singles = Singles(lambda: Lane(url, headers, allow_private_networks=private))
        self.spends: Spends = Tokens()

    async def open(self) -> None:
        """Prepare the connection; raises NotSent when the API's name is unknown, AddressRefused."""
        await self.singles.open()

    async def close(self) -> None:
        """Let go of the connections."""
        await self.singles.close()

    async def probe(self) -> Account:
        """See Probes: the state of the sending domain."""
        name, state = await self._domain()
        trouble = "" if state == "active" else f"the domain {name} is {state}"
        return Account(f"domain {name}, {state}", trouble)

    async def vouch(self, addresses: Sequence[str]) -> Mapping[str, bool]:
        """See Vouches: a domain that is not active takes nobody's letters; others' addresses it does not judge."""
        name, state = await self._domain()
        if state != "active":
            return dict.fromkeys(addresses, False)
        return identities.judged(addresses, [name], complete=False)

    async def _domain(self) -> tuple[str, str]:
        found = await accounts.ask("Mailgun", self.singles.first, f"/v3/domains{self.path[3:]}")
        return text(found.get("domain"), "name"), text(found.get("domain"), "state")

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call for a merged batch, one call a letter otherwise; see Provider."""
        if not len(batch):
            return []
        if not batch.frame.merged:
            return await self.singles.send(batch, self.one)
        if len(batch) > MERGED:
            raise BatchRefused(f"Mailgun takes {MERGED} people in a call, not {len(batch)}")
        if len({address.lower() for address in batch.recipients}) < len(batch):
            raise BatchRefused("Mailgun tells people apart by their addresses, and two have the same")
        body = fitting(assembled(batch))
        try:
            identifier = await self.call(self.singles.first, body)
        except BatchRefused as error:
            if len(batch) > 1:
                raise
            return [refused(error)]
        return [Outcome(Verdict.ACCEPTED, f"{identifier}/{reference}") for reference in batch.references]

    async def one(self, lane: Lane, batch: Batch) -> Outcome:
        """One whole letter."""
        body = fitting(batch.joined())
        try:
            return Outcome(Verdict.ACCEPTED, await self.call(lane, body))
        except BatchRefused as error:
            return refused(error)

    async def call(self, lane: Lane, body: bytes) -> str:
        """One call: it is taken as a whole or not at all. The id of what was taken."""
        answer = await lane.post(f"{self.path}/messages", body)
        if answer.status != 200:
            raise refusal(answer)
        if MAGNIFICENT in answer.body:
            raise AccountFault(
                "Mailgun answered as if nothing had been asked: the address leads nowhere",
                help="check domain and url of the provider in config/project.yaml",
            )
        found = content(answer.body)
        identifier = text(found, "id").strip("<>")
        if not identifier or not text(found, "message").startswith("Queued"):
            raise Unknown("Mailgun's answer could not be read; the letters may have been accepted")
        return identifier

    async def look_up(self, sought: Sequence[Sought]) -> Mapping[str, str]:
        """See LooksUp; one question each, by address and time, and our reference in what is found."""
        found: dict[str, str] = {}
        for each in sought:
            begin = int(each.submitted.timestamp()) - 300
            question = {
                "event": "accepted",
                "recipient": each.address,
                "begin": begin,
                "ascending": "yes",
                "limit": 300,
            }
            answer = await self.singles.first.get(f"{self.path}/events?{urlencode(question)}")
            if answer.status != 200:
                raise refusal(answer)
            events = inside(content(answer.body), "items")
            if not isinstance(events, list):
                raise NotSent("Mailgun's answer to a search could not be read")
            for event in events:
                if text(event, "user-variables", "reference") == each.reference:
                    found[each.reference] = text(event, "message", "headers", "message-id") or each.reference
        return found

    async def hear(self, post: Post, now: datetime) -> list[Heard]:
        """See Hears. One call is one event. The signature does not cover it: a token serves one event alone."""
        key = key_of(self.webhook_key, self.name)
        told = legacy(post.body) if is_form(post) else entry_of(post)
        signature = inside(told, "signature")
        signed, token = text(signature, "timestamp"), text(signature, "token")
        check_hash(key.encode(), (signed + token).encode(), text(signature, "signature"), self.name)
        if not (signed.isascii() and signed.isdigit()):
            raise unproven(self.name, "the signature has no moment")
        check_fresh(float(signed), now, self.name, RETRIED)
        event = inside(told, "event-data")
        # Asked in a thread: whoever remembers it may be a database.
        if not await asyncio.to_thread(self.spends, token, identity(event), now):
            raise unproven(self.name, "the signature was used for another event")
        if not isinstance(event, Mapping):
            raise unreadable("there is no event in it")
        return news_of(event, now)


def fitting(body: bytes) -> bytes:
    """The body, if it is not too large for a call; BatchRefused otherwise."""
    if len(body) > BYTES:
        raise BatchRefused(f"Mailgun takes {BYTES} bytes in a call, not {len(body)}")
    return body


AGAIN = re.compile(r"try again after (?:(\d+) seconds|(.+))", re.IGNORECASE)
SENDER = re.compile(
    r"\bfrom parameter|not allowed to send|\bdomain not found|activate your|disabled|unverified",
    re.IGNORECASE,
)
RECIPIENT = re.compile(r"\bto parameter is not a valid address", re.IGNORECASE)


def refusal(answer: Answer) -> ProviderError:
    """What an answer other than 200 means for the whole call."""
    prose = text(content(answer.body), "message") or answer.body.decode("utf-8", "replace")[:200].strip()
    again = AGAIN.search(prose)
    if again is not None and answer.status < 500:
        pause = answers.bounded(float(again[1])) if again[1] else answers.pause_until(again[2])
        said = f"Mailgun answered {answer.status} ({prose})"
        return NotSent(said, help="Mailgun asks for patience", retry_after=pause)
    error = answers.refusal("Mailgun", answer, prose)
    if isinstance(error, BatchRefused) and SENDER.search(prose):
        return AccountFault(error.message, help="look at the domain and the account at Mailgun")
    if answer.status == 404:
        return AccountFault(
            error.message, help="check domain and url: a domain of the EU has another address"
        )
    return error


def refused(error: BatchRefused) -> Outcome:
    """The outcome of the one letter of a call that was refused."""
    return Outcome(
        Verdict.REFUSED, detail=error.message, suppress=RECIPIENT.search(error.message) is not None
    )


def content(body: bytes) -> object:
    """An answer's JSON; None where it is none."""
    try:
        return orjson.loads(body)
    except ValueError:
        return None
