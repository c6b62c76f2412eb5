"""What the status of an email API's answer means where the provider's own words do not say more."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from engine import clock
from engine.errors import AccountFault, BatchRefused, NotSent, ProviderError, Unknown
from engine.network.lane import Answer

LONGEST_PAUSE = 3600.0
"""Seconds. A longer wish is a mistake, or a quota of the day, which the account's error says."""

TOKEN_HELP = "check the token in config/project.yaml and the secret it names"
URL_HELP = "check the provider's url in config/project.yaml"


def refusal(provider: str, answer: Answer, prose: str = "", pause: float | None = None) -> ProviderError:
    """The error of an answer that is no success.

    `prose`: the provider's own words. `pause`: its wish in seconds where it is not in Retry-After.
    """
    status = answer.status
    said = f"{provider} answered {status}" + (f" ({prose})" if prose else "")
    if status == 429:
        wish = wanted_pause(answer)
        return NotSent(
            said, help=f"{provider} asks for patience", retry_after=wish if pause is None else pause
        )
    if status in (401, 402, 403):
        return AccountFault(said, help=f"look at the account at {provider}, and {TOKEN_HELP}")
    if status in (404, 405, 406, 415) or 300 <= status < 400:
        return AccountFault(said, help=URL_HELP)
    if status in (400, 413, 422):
        return BatchRefused(said)
    return Unknown(f"{said}; the letters may have been accepted")


def wanted_pause(answer: Answer) -> float | None:
    """Retry-After in seconds, as a number or a date, between 0 and an hour; None where there is none."""
    written = answer.headers.get("retry-after", "").strip()
    if not written:
        return None
    try:
        return bounded(float(written))
    except ValueError:
        return pause_until(written)


def pause_until(written: str) -> float | None:
    """Seconds until a date as RFC 5322 writes it, between 0 and an hour; None where it is no date."""
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return None
    return seconds_to(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def seconds_to(moment: datetime) -> float | None:
    """Seconds from now, between 0 and an hour."""
    return bounded((moment - clock.now()).total_seconds())


def bounded(seconds: float) -> float | None:
    """A wish kept within reason; None for what is no number."""
    return min(max(seconds, 0.0), LONGEST_PAUSE) if seconds == seconds else None
