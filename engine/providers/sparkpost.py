"""SparkPost: one letter for a thousand people in a call (substitution data), or one whole letter a call.

Facts: developers.sparkpost.com (transmissions, template language, events, webhooks), its bounce classification codes,
and the traps recorded by django-anymail. A 200 counts who was accepted and who was not, without saying which. A
List-Unsubscribe does not survive: letters that can be left carry SparkPost's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
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
from engine.model.heard import Heard, Post
from engine.model.letter import Batch, Frame, Letter, Outcome, Verdict
from engine.network.lane import Answer, Lane
from engine.providers import accounts, answers, identities
from engine.providers.base import TOKEN, Account, Limits, Lookup, Sought
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
from engine.providers.mailboxes import MAILBOX_HEADERS, header_mailbox
from engine.providers.merging import check_braces, check_mergeable, name_of, tagged, tokens_in
from engine.providers.options import Options
from engine.providers.proof import check_secret
from engine.providers.reading import entries, inside, text
from engine.providers.singles import SINGLE_MESSAGES, Singles
from engine.providers.sparkpost_news import heard, message_of

ADDRESS = "https://api.sparkpost.com/api/v1"
SEND, EVENTS = "/transmissions", "/events/message"
MERGED, BYTES = 1000, 20 * 1000 * 1000
"""People in a call: no number is documented; bytes: of the content, documented."""

LONGEST_VALUES, LONGEST_CAMPAIGN = 100_000, 64
REPLACED_HEADERS = frozenset({"message-id", "date"}) | LEAVING
REFUSED_HEADERS = MADE_BY_APIS | {"x-msys-api"}
SEARCH_DAYS, SEARCH_LAG = 10, 300.0
"""Documented days; seconds chosen with room: a search without an end of its own stops a minute ago."""

LONGEST_QUESTION, MOST_PAGES = 3000, 20
OPTIONS = frozenset({"token", "webhook_key", "merge", "per_second", "url"})
BEFORE_VALUE = re.compile(r"\{(?=" + TOKEN.pattern + ")")


class SparkpostWire(ObjectWire):
    """A whole letter: the body of one call, whose texts SparkPost leaves alone."""

    def __init__(self, webhook_key: str = "") -> None:
        self.webhook_key = webhook_key

    def frame(self, letter: Letter) -> Frame:
        """Each letter is a call of its own."""
        return Frame()

    def encode(self, letter: Letter) -> bytes:
        """The letter for its one recipient."""
        content = {
            "text": letter.text,
            "html": letter.html,
            "subject": header_text("Subject", letter.subject),
        }
        call = self.call(letter, content, substitutes=False)
        return json_bytes({**call, "recipients": [self.recipient(letter)]})

    def call(self, letter: Letter, content: Mapping[str, str], *, substitutes: bool) -> dict[str, object]:
        """Everything but the recipients. Tracking is off: links and opens are the campaign's own business."""
        distinct_names(letter.headers)
        check_leaving(letter, "SparkPost", self.webhook_key)
        if not letter.html and not letter.text:
            raise LetterError("the letter has no body", reason="template_error")
        whole: dict[str, object] = {key: value for key, value in content.items() if value or key == "subject"}
        whole["from"] = self.mailbox_object("From", letter.sender)
        if letter.reply_to is not None:
            whole["reply_to"] = unfolded(header_mailbox("Reply-To", letter.reply_to))
        headers = self.headers(letter)
        whole["headers"] = headers
        if not substitutes:
            check_fixed(letter.subject, *headers.values(), *mailbox_texts(letter))
        leaving = any(name.lower() in LEAVING for name, _ in letter.headers)
        options = {"open_tracking": False, "click_tracking": False, "transactional": not leaving}
        call: dict[str, object] = {
            "options": {**options, "perform_substitutions": substitutes},
            "content": whole,
        }
        return call | ({"campaign_id": letter.campaign[:LONGEST_CAMPAIGN]} if letter.campaign else {})

    def headers(self, letter: Letter) -> dict[str, str]:
        """The letter's own headers in ASCII, but for those that SparkPost writes itself."""
        for name, _ in letter.headers:
            if name.lower() in REFUSED_HEADERS:
                raise UnsupportedFeature(f"SparkPost sets the header {name} itself", help="leave it out")
        return {
            name: plain_value(name, value)
            for name, value in letter.headers
            if name.lower() not in REPLACED_HEADERS
        }

    def recipient(self, letter: Letter) -> dict[str, object]:
        """One person; the metadata comes back in events."""
        address = self.mailbox_object("To", letter.to)
        return {"address": address, "metadata": {"reference": letter.reference}}

    def escape(self, place: str, value: str) -> bytes:
        """One value where its token stood. LetterError for a header's that SparkPost would read as a template."""
        if place not in ("html", "text", "reference"):
            check_value(place, value)
        if place in ("html", "text", "reference", "Subject") or place.lower() in MAILBOX_HEADERS:
            return super().escape(place, value)
        return inside_string(plain_value(place, value))


class SparkpostMergeWire(SparkpostWire):
    """One letter with tags, and for each person what stands where. Three braces: values stay as they are."""

    merges = True
    longest = LONGEST_VALUES

    def frame(self, letter: Letter) -> Frame:
        """The call up to its list of people."""
        check_mergeable(letter)
        content = {
            "text": letter.text,
            "html": letter.html,
            "subject": header_text("Subject", letter.subject),
        }
        headers = SparkpostWire.headers(self, letter).values()
        check_braces(*content.values(), *headers, *mailbox_texts(letter))
        call = self.call(
            letter, {key: tagged(value, tag) for key, value in content.items()}, substitutes=True
        )
        return Frame(json_bytes(call)[:-1] + b',"recipients":[', b",", b"]}", merged=True)

    def headers(self, letter: Letter) -> dict[str, str]:
        """Headers with a tag where something personal stands."""
        return {name: tagged(value, tag) for name, value in super().headers(letter).items()}

    def encode(self, letter: Letter) -> bytes:
        """One person's values."""
        headers = SparkpostWire.headers(self, letter).values()
        tokens = tokens_in(letter.subject, letter.text, letter.html, *headers)
        values = {key_of_tag(token): token for token in tokens}
        return json_bytes({**self.recipient(letter), **({"substitution_data": values} if values else {})})

    def escape(self, place: str, value: str) -> bytes:
        """See Wire; values are never read as templates, but names stand in a header and might be."""
        if place == "Subject":
            return inside_string(header_text(place, value))
        return super().escape(place, value)


def tag(token: str) -> str:
    """What stands for a token in the letter."""
    return f"{{{{{{{key_of_tag(token)}}}}}}}"


def key_of_tag(token: str) -> str:
    """The key of a token's value: letters, digits and underscores, not a word of the language."""
    return f"t_{name_of(token)}"


def check_fixed(*texts: str) -> None:
    """UnsupportedFeature for a header that SparkPost would read as a template: it does so in every header."""
    for each in texts:
        if "{{" in each or BEFORE_VALUE.search(each):
            raise UnsupportedFeature(
                "SparkPost reads `{{` in headers as its own template language", help="leave it out"
            )


def check_value(place: str, value: str) -> None:
    """LetterError for a personal value in a header that SparkPost would read as a template."""
    if "{{" in value or value.endswith("{"):
        raise unsafe(
            f"{place}: SparkPost would read the braces in `{value[:40]}` as its own template language"
        )


def mailbox_texts(letter: Letter) -> tuple[str, ...]:
    """The names of the mailboxes that are the same for everybody."""
    return (letter.sender.name, letter.reply_to.name if letter.reply_to else "")


def plain_value(name: str, value: str) -> str:
    """A header's value in ASCII on one line: SparkPost would encode it as a whole, with the address in it."""
    return value if whole_token(value) else unfolded(header_value(name, value))


class Sparkpost:
    """Options: `token` (API key), `webhook_key` (a secret of ours), `merge`, `per_second`, `url`."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        read = Options(name, options, OPTIONS)
        self.name = name
        self.webhook_key = read.optional("webhook_key")
        self.wire = SparkpostWire(self.webhook_key)
        self.merge_wire = SparkpostMergeWire(self.webhook_key) if read.yes("merge", True) else None
        hears = bool(self.webhook_key)
        self.limits = Limits(
            messages=SINGLE_MESSAGES,
            merged=MERGED if self.merge_wire else 0,
            bytes=BYTES,
            per_second=read.number("per_second"),
            lookup=Lookup(lag=SEARCH_LAG, retention=SEARCH_DAYS * 86400.0),
            refused_headers=REFUSED_HEADERS if hears else REFUSED_HEADERS | LEAVING,
            replaced_headers=REPLACED_HEADERS if hears else REPLACED_HEADERS - LEAVING,
        )
        url, private = read.text("url", ADDRESS), read.allow_private_networks
        headers = {**CALL_HEADERS, "Authorization": read.text("token")}
        self.singles = Singles(lambda: Lane(url, headers, allow_private_networks=private))

    async def open(self) -> None:
        """Prepare the connection; raises NotSent when the API's name is unknown, AddressRefused."""
        await self.singles.open()

    async def close(self) -> None:
        """Let go of the connections."""
        await self.singles.close()

    async def probe(self) -> Account:
        """See Probes. A key without the right to ask is known by being forbidden."""
        answer = await self.singles.first.get("/account")
        if answer.status == 403:
            return Account("a key that may not ask about the account")
        found = accounts.read("SparkPost", answer).get("results")
        state = text(found, "status")
        trouble = "" if state in ("", "active") else f"the account is {state}"
        return Account(f"account of {text(found, 'company_name') or 'an unnamed company'}", trouble)

    async def vouch(self, addresses: Sequence[str]) -> Mapping[str, bool]:
        """See Vouches: by the sending domains whose ownership is verified, and which are not blocked."""
        found = await accounts.ask("SparkPost", self.singles.first, "/sending-domains")
        domains = accounts.listed(found, "results")
        verified = [
            text(each, "domain")
            for each in domains
            if inside(each, "status", "ownership_verified") is True
            and text(each, "status", "compliance_status") != "blocked"
        ]
        return identities.judged(addresses, verified)

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call for a merged batch, one call a letter otherwise; see Provider."""
        if not len(batch):
            return []
        if not batch.frame.merged:
            return await self.singles.send(batch, self.one)
        if len(batch) > MERGED:
            raise BatchRefused(f"SparkPost is given {MERGED} people in a call, not {len(batch)}")
        return await self.call(self.singles.first, batch)

    async def one(self, lane: Lane, batch: Batch) -> Outcome:
        """One whole letter."""
        return (await self.call(lane, batch))[0]

    async def call(self, lane: Lane, batch: Batch) -> list[Outcome]:
        """One call with everything in the batch."""
        body = batch.joined()
        if len(body) > BYTES:
            raise BatchRefused(f"SparkPost takes {BYTES} bytes in a call, not {len(body)}")
        answer = await lane.post(SEND, body)
        if answer.status == 200:
            return results(parsed(answer.body), batch.references)
        error = refusal(answer)
        if len(batch) == 1 and isinstance(error, BatchRefused):
            return [Outcome(Verdict.REFUSED, detail=error.message)]
        raise error

    async def look_up(self, sought: Sequence[Sought]) -> Mapping[str, str]:
        """See LooksUp: the events of these addresses, believed only where they carry our own reference."""
        wanted = {each.reference for each in sought}
        known: dict[str, str] = {}
        for question in questions(sought):
            for _ in range(MOST_PAGES):
                answer = await self.singles.first.get(f"{EVENTS}?{question}")
                found = parsed(answer.body)
                if answer.status != 200:
                    raise refusal(answer)
                if not isinstance(inside(found, "results"), list):
                    raise NotSent("SparkPost's answer to a search could not be read")
                for event in found["results"]:
                    reference, identifier = message_of(event)
                    if reference in wanted:
                        known[reference] = identifier
                question = text(inside(found, "links"), "next").partition("?")[2]
                if not question:
                    break
        return known

    async def hear(self, post: Post, now: datetime) -> list[Heard]:
        """See Hears. Proven by the key that we gave SparkPost; a call brings many events, or none (a ping)."""
        check_secret(post, self.webhook_key, self.name)
        return [found for entry in entries(post) for found in heard(entry, now)]


def questions(sought: Sequence[Sought]) -> list[str]:
    """The queries that ask for these addresses, none of them too long."""
    if not sought:
        return []
    found: list[list[str]] = [[]]
    for address in sorted({quote(each.address, safe="@") for each in sought}):
        if sum(map(len, found[-1])) + len(address) > LONGEST_QUESTION:
            found.append([])
        found[-1].append(address)
    start = min(each.submitted for each in sought) - timedelta(minutes=5)
    since = start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [f"recipients={','.join(each)}&from={quote(since)}&per_page=10000" for each in found if each]


QUOTA_STATUS = 420
ACCOUNT_CODES = frozenset({"2101", "2102", "2103", "7000", "7001"})
DKIM = re.compile(r"DKIM|sending domain", re.IGNORECASE)


def refusal(answer: Answer) -> ProviderError:
    """What an answer other than 200 means for the whole call: nothing of it was taken, unless it is 5xx."""
    errors = inside(parsed(answer.body), "errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    code, words = text(first, "code"), text(first, "description") or text(first, "message")
    prose = ": ".join(filter(None, (code, words)))
    said = f"SparkPost answered {answer.status}" + (f" ({prose})" if prose else "")
    if answer.status == QUOTA_STATUS:
        return AccountFault(
            said, help="the account's sending limit is used up: wait, or raise it at SparkPost"
        )
    if answer.status < 500 and answer.status != 429 and (code in ACCOUNT_CODES or DKIM.search(words)):
        return AccountFault(said, help="look at the account at SparkPost and its sending domain")
    return answers.refusal("SparkPost", answer, prose)


def parsed(body: bytes) -> dict[str, Any]:
    """An answer as an object; empty where it is none."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def results(found: Mapping[str, Any], references: Sequence[str]) -> list[Outcome]:
    """One outcome per person of a 200. Its counts are certain only where they are all or none."""
    totals = inside(found, "results")
    taken, turned_down = (
        inside(totals, "total_accepted_recipients"),
        inside(totals, "total_rejected_recipients"),
    )
    identifier, count = text(totals, "id"), len(references)
    if (
        type(taken) is not int
        or type(turned_down) is not int
        or taken + turned_down != count
        or not identifier
    ):
        raise Unknown(
            "SparkPost's answer does not say what became of the letters; they may have been accepted"
        )
    if taken == count:
        return [Outcome(Verdict.ACCEPTED, f"{identifier}/{reference}") for reference in references]
    errors = inside(totals, "rcpt_to_errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    words = text(first, "description") or text(first, "message") or "without a reason"
    if taken:
        detail = f"SparkPost refused {turned_down} of {count} without saying whom ({words})"
        return [Outcome(Verdict.UNKNOWN, detail=detail)] * count
    if count > 1:
        raise BatchRefused(f"SparkPost refused everybody ({words})")
    return [Outcome(Verdict.REFUSED, detail=f"SparkPost: {words}")]
