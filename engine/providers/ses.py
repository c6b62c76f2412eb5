"""Amazon SES, version 2 of its API: one letter for fifty people in a call, or one whole letter a call over several
connections; signed with version 4.

Facts: docs.aws.amazon.com/ses (API reference v2, quotas, header fields, managing sending quota errors) and the
service model of 2019-09-27. The wires are in `ses_wire`, what SES tells in `amazon_notices` and `amazon_news`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

import orjson

from engine import clock
from engine.errors import AccountFault, BatchRefused, NotSent, ProviderError, Unknown
from engine.model.heard import Heard, Post
from engine.model.letter import Batch, Outcome, Verdict
from engine.network.lane import Answer, Lane
from engine.providers import accounts, answers
from engine.providers.amazon_news import heard
from engine.providers.amazon_notices import Notices
from engine.providers.amazon_signature import Credentials, signing_headers
from engine.providers.base import Account, Limits
from engine.providers.json_wire import CALL_HEADERS
from engine.providers.options import Options
from engine.providers.reading import inside, text
from engine.providers.ses_wire import REFUSED_HEADERS, REPLACED_HEADERS, SesMergeWire, SesWire
from engine.providers.singles import SINGLE_MESSAGES, Singles

ONE, MANY = "/v2/email/outbound-emails", "/v2/email/outbound-bulk-emails"
IDENTITIES_PATH = "/v2/email/identities"
ACCOUNT_PATH = "/v2/email/account"
MERGED, MERGED_BYTES = 50, 1_000_000
BYTES = 40 * 1024 * 1024
OPTIONS = frozenset(
    {"region", "access_key", "secret_key", "session_token", "configuration_set", "topic", "merge"}
    | {"per_second", "url"}
)


class Ses:
    """Options: `region`, `access_key`, `secret_key`, `session_token`, `configuration_set`, `topic`, `merge`, `url`."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        read = Options(name, options, OPTIONS)
        self.name = name
        self.region = read.text("region")
        self.url = read.text("url", f"https://email.{self.region}.amazonaws.com").rstrip("/")
        self.credentials = Credentials(
            read.text("access_key"), read.text("secret_key"), read.optional("session_token")
        )
        configuration_set = read.optional("configuration_set")
        self.wire = SesWire(configuration_set)
        self.merge_wire = SesMergeWire(configuration_set) if read.yes("merge", True) else None
        self.notices = Notices(name, read.optional("topic"))
        self.limits = Limits(
            messages=SINGLE_MESSAGES,
            merged=MERGED if self.merge_wire else 0,
            bytes=BYTES,
            per_second=read.number("per_second"),
            refused_headers=REFUSED_HEADERS,
            replaced_headers=REPLACED_HEADERS,
        )
        private = read.allow_private_networks
        self.singles = Singles(lambda: Lane(self.url, CALL_HEADERS, allow_private_networks=private))

    async def open(self) -> None:
        """Prepare a connection; raises NotSent when the API's name is unknown, AddressRefused."""
        await self.singles.open()

    async def close(self) -> None:
        """Let go of the connections."""
        await self.singles.close()

    async def probe(self) -> Account:
        """See Probes: whether the account may send, and to whom."""
        url, now = self.url + ACCOUNT_PATH, clock.now()
        signature = signing_headers(self.credentials, self.region, "ses", url, b"", now, "GET")
        answer = await self.singles.first.get(ACCOUNT_PATH, signature)
        if answer.status == 403:
            raise refusal(answer)
        found = accounts.read("SES", answer)
        trouble = "" if found.get("SendingEnabled") is True else "sending is switched off for this account"
        if not trouble and found.get("ProductionAccessEnabled") is not True:
            trouble = "the account is in the sandbox: it may only write to verified addresses"
        most = inside(found, "SendQuota", "Max24HourSend")
        return Account(
            f"region {self.region}, {most:,.0f} letters a day" if most else f"region {self.region}", trouble
        )

    async def vouch(self, addresses: Sequence[str]) -> Mapping[str, bool]:
        """See Vouches: by the identities; a verified domain vouches for every address in it and below it."""
        known: dict[str, bool] = {}
        found = {}
        for address in addresses:
            parts = address.rpartition("@")[2].split(".")
            domains = [".".join(parts[start:]) for start in range(len(parts) - 1)]
            for name in (*domains, address):
                if name not in known:
                    known[name] = await self._is_verified(name)
                if known[name]:
                    break
            found[address] = any(known.get(name, False) for name in (*domains, address))
        return found

    async def _is_verified(self, identity: str) -> bool:
        path = f"{IDENTITIES_PATH}/{quote(identity, safe='')}"
        url, now = self.url + path, clock.now()
        signature = signing_headers(self.credentials, self.region, "ses", url, b"", now, "GET")
        answer = await self.singles.first.get(path, signature)
        if answer.status == 403:
            raise refusal(answer)
        if answer.status == 404:
            return False
        return accounts.read("SES", answer).get("VerifiedForSendingStatus") is True

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call for each letter, or for all the people of a merged batch; see Provider."""
        if batch.frame.merged:
            return await self.send_merged(batch) if len(batch) else []
        if len(batch) > SINGLE_MESSAGES:
            raise BatchRefused(f"SES is given {SINGLE_MESSAGES} letters at a time, not {len(batch)}")
        return await self.singles.send(batch, self.send_one) if len(batch) else []

    async def send_merged(self, batch: Batch) -> list[Outcome]:
        """One letter to many people; each has a result of their own."""
        if len(batch) > MERGED:
            raise BatchRefused(f"SES takes {MERGED} people in a call, not {len(batch)}")
        body = batch.joined()
        if len(body) > MERGED_BYTES:
            raise BatchRefused(f"SES takes {MERGED_BYTES} bytes in a merged call, not {len(body)}")
        answer = await self.call(self.singles.first, MANY, body)
        if answer.status == 200:
            return results(answer.body, len(batch))
        error = refusal(answer)
        if len(batch) == 1 and isinstance(error, BatchRefused):
            return [refused(error.message, fault_of(answer)[1])]
        raise error

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
            return refused(error.message, fault_of(answer)[1])
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


def refused(detail: str, words: str) -> Outcome:
    """The outcome of a letter that SES will not take."""
    return Outcome(Verdict.REFUSED, detail=detail, suppress=about_address(words))


def taken(body: bytes) -> Outcome:
    """The outcome of a letter whose call was answered with 200."""
    try:
        identifier = text(orjson.loads(body), "MessageId")
    except ValueError:
        identifier = ""
    if not identifier:
        return Outcome(Verdict.UNKNOWN, detail="SES's answer has no id; the letter may have been accepted")
    return Outcome(Verdict.ACCEPTED, provider_id=identifier)


ACCOUNT_STATUSES = frozenset(
    {"MAIL_FROM_DOMAIN_NOT_VERIFIED", "CONFIGURATION_SET_NOT_FOUND", "CONFIGURATION_SET_DOES_NOT_EXIST"}
    | {
        "ACCOUNT_SUSPENDED",
        "ACCOUNT_DAILY_QUOTA_EXCEEDED",
        "ACCOUNT_SENDING_PAUSED",
        "INVALID_SENDING_POOL_NAME",
    }
    | {"CONFIGURATION_SET_SENDING_PAUSED", "TEMPLATE_NOT_FOUND", "TEMPLATE_DOES_NOT_EXIST"}
)
THROTTLED_STATUS = "ACCOUNT_THROTTLED"
LATER_STATUSES = frozenset({THROTTLED_STATUS, "TRANSIENT_FAILURE", "FAILED"})
LETTER_STATUSES = frozenset({"MESSAGE_REJECTED", "INVALID_PARAMETER", "INVALID_PARAMETER_VALUE"})
"""The service model and the reference do not agree on three names; both are read."""


def results(body: bytes, count: int) -> list[Outcome]:
    """One outcome per person of a merged call, in order; people without a result are UNKNOWN.

    Raises AccountFault where everybody was turned down because of the account, NotSent where all were too many.
    """
    try:
        found = inside(orjson.loads(body), "BulkEmailEntryResults")
    except ValueError:
        found = None
    if not isinstance(found, list) or len(found) > count:
        raise Unknown("SES's answer could not be read; the letters may have been accepted")
    if len(found) == count and all(map(blames_account, found)):
        status, words = text(found[0], "Status"), text(found[0], "Error")
        raise AccountFault(
            f"SES refuses every letter ({status}: {words})", help="look at the account at Amazon SES"
        )
    if len(found) == count and all(text(each, "Status") == THROTTLED_STATUS for each in found):
        raise NotSent("SES takes no more letters now (ACCOUNT_THROTTLED)", help="SES asks for patience")
    missing = Outcome(Verdict.UNKNOWN, detail="SES's answer has no result for this letter")
    return [result(each) for each in found] + [missing] * (count - len(found))


def blames_account(entry: object) -> bool:
    """Whether a result is about the account or the sender."""
    status = text(entry, "Status")
    return status in ACCOUNT_STATUSES or (
        status in LETTER_STATUSES and SENDERS.search(text(entry, "Error")) is not None
    )


def result(entry: object) -> Outcome:
    """One person's outcome."""
    status, words, identifier = text(entry, "Status"), text(entry, "Error"), text(entry, "MessageId")
    if status == "SUCCESS" and identifier:
        return Outcome(Verdict.ACCEPTED, provider_id=identifier)
    detail = f"{status}: {words}" if words else status
    if blames_account(entry) or status in LATER_STATUSES:
        return Outcome(Verdict.RETRY, detail=detail)
    if status in LETTER_STATUSES:
        return refused(detail, words)
    return Outcome(Verdict.UNKNOWN, detail=detail or "SES's result for this letter could not be read")
