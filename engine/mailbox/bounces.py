"""What a bounce says about each recipient it names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.mailbox.addresses import in_header, is_machine, without
from engine.mailbox.mime import Mail
from engine.mailbox.prose import named
from engine.mailbox.reports import STATUS, Reported, reported
from engine.mailbox.returned import recipient_of_letter
from engine.model.diagnosis import meaning
from engine.model.heard import Bounce, News
from engine.model.sayings import any_of

DELAY = any_of(
    r"\bdelayed\b|delay(?:ed)? notification|not yet been delivered",
    r"(?:will|shall) (?:continue|keep|be) (?:to )?(?:try|attempt|retr|be retried|made)|will be retried",
    r"still (?:being retried|trying|awaiting)",
    r"(?:this is|only) a(?:n?)? (?:warning|notification about a delay|advisory)|warning only",
    r"advisory-only|(?:no need|do not need|don't need) to (?:re-?send|take any action)|do not resend",
    r"attempts will continue|continue trying|postponed|has not yet",
    flags=re.IGNORECASE,
)
GIVEN_UP = any_of(
    r"giv(?:en|ing) up|not going to try|permanent|too (?:long|old)|fatal|returned to sender|aborted",
    r"has been removed",
    flags=re.IGNORECASE,
)
ACTIONS = {"deliv": News.DELIVERED, "relay": News.DELIVERED, "expan": News.DELIVERED, "delay": News.DEFERRED}
"""Actions of RFC 3464 by how they begin; anything else is a failure."""


OWN = (
    "to",
    "from",
    "delivered-to",
    "return-path",
    "x-original-to",
    "envelope-to",
    "reply-to",
    "sender",
    "errors-to",
)


@dataclass(frozen=True, slots=True)
class Returned:
    """What a bounce says about one recipient."""

    address: str
    news: News
    status: str
    bounce: Bounce | None
    detail: str


def returned(mail: Mail, said: str, *, ours: bool) -> list[Returned]:
    """Every recipient the bounce names, from its report where it has one, else from its prose.

    `ours`: the letter it returns is one of ours, and so had one recipient, whom its own head names.
    """
    own = _own(mail)
    told = named(said, own)
    about = {each.address.lower(): each.words for each in told}
    whole = meaning("", said) or meaning("", mail.headers.get("subject")[:300])
    found = [_from_report(each, about, whole, said) for each in reported(mail)]
    if found:
        return found
    failed = [
        in_header(each) for value in mail.headers.all("x-failed-recipients") for each in value.split(",")
    ]
    addresses = without(failed or [each.address for each in told], ())
    if not addresses and ours and (letter := recipient_of_letter(mail)) and not is_machine(letter):
        addresses = without([letter], own)
    return list(_from_prose(addresses or [""], about, whole, said, mail.headers.get("subject")[:300]))


def _from_report(one: Reported, about: Mapping[str, str], whole: Bounce | None, said: str) -> Returned:
    """What a report says; its human part where the report itself is silent."""
    news = ACTIONS.get(one.action[:5], News.BOUNCED)
    if news is News.DELIVERED:
        return Returned(one.address, news, one.status, None, one.words)
    told = about.get(one.address.lower()) or about.get(one.final.lower()) or ""
    bounce = meaning("", one.diagnosis) if _tells(one.diagnosis) else None
    bounce = bounce or meaning(one.status, one.words)
    if bounce is None or (bounce is not Bounce.INVALID and not _tells(one.words)):
        bounce = meaning(one.status, f"{one.words} {told}") or whole or bounce
    detail = one.words if _tells(one.words) else told or one.words
    return Returned(one.address, news, one.status, _for_now(news, bounce), detail)


def _from_prose(
    addresses: Iterable[str], about: Mapping[str, str], whole: Bounce | None, said: str, subject: str
) -> Iterator[Returned]:
    late = DELAY.search(f"{subject}\n{said}") and not GIVEN_UP.search(f"{subject}\n{said}")
    for address in addresses:
        words = about.get(address.lower(), "")
        bounce = meaning("", words) if words else None
        status = STATUS.search(words) or STATUS.search(said)
        yield Returned(
            address,
            News.DEFERRED if late else News.BOUNCED,
            status[0] if status else "",
            _for_now(News.DEFERRED if late else News.BOUNCED, bounce or whole),
            " ".join((words if words and bounce else said).split()),
        )


def _for_now(news: News, bounce: Bounce | None) -> Bounce:
    """What is not known is soft, and so is whatever may still change."""
    if bounce is None or (news is News.DEFERRED and bounce is not Bounce.POLICY):
        return Bounce.SOFT
    return bounce


def _tells(words: str) -> bool:
    """Whether a diagnosis says more than a code."""
    return len(re.findall(r"[^\W\d_]{3,}", words)) >= 2


def _own(mail: Mail) -> list[str]:
    """Addresses in the bounce's own head: ours, to which it came, and the program's, which sent it."""
    return [in_header(value) for name in OWN for value in mail.headers.all(name)]
