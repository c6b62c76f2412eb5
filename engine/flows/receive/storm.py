"""Whether a run's hard bounces are the provider's bad hour and not the people's addresses. Pure.

A provider, a block list or an attacker can make good addresses bounce by the thousand; suppressing them all would
cost what years have gathered. So they are held back until a person has looked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

ENOUGH = 20
"""Fewer hard bounces are no storm, whatever their share: a small list may well have five dead addresses of ten."""

SHARE_OF_A_RUN = 0.05
"""More than this share of a run's letters; well-kept lists stay under 2 %."""

TIMES_THE_BASELINE = 5
BASELINE_SPAN = timedelta(days=30)
LEAST_BASELINE = 1000
"""Letters of the provider's earlier runs that a baseline needs."""

LOWEST_BASELINE = 0.001
"""A provider without any bounces so far has this rate: otherwise the first few would be a storm."""

SHARE_OF_A_DOMAIN = 0.8
"""Of a run's letters to one domain: then its servers refuse everybody, not this and that mailbox."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many hard bounces of so many letters."""

    bounces: int
    letters: int

    @property
    def rate(self) -> float:
        """0 to 1."""
        return self.bounces / self.letters if self.letters else 0.0


@dataclass(frozen=True, slots=True)
class Weather:
    """One run's bounces, the earlier runs' of the same provider, and the run's by the domain they went to."""

    run: Share
    before: Share = Share(0, 0)
    domains: Mapping[str, Share] = field(default_factory=dict)


def storm(weather: Weather) -> str:
    """Why these bounces are a storm, in words; "" when they are not."""
    run, before = weather.run, weather.before
    if run.bounces < ENOUGH or not run.letters:
        return ""
    if run.rate > SHARE_OF_A_RUN:
        return (
            f"{run.bounces} of {run.letters} letters bounced ({run.rate:.1%}), more than {SHARE_OF_A_RUN:.0%}"
        )
    usual = max(before.rate, LOWEST_BASELINE)
    if before.letters >= LEAST_BASELINE and run.rate > TIMES_THE_BASELINE * usual:
        return f"{run.rate:.2%} bounced, more than {TIMES_THE_BASELINE} times the usual {before.rate:.2%}"
    for domain, share in sorted(weather.domains.items()):
        if share.bounces >= ENOUGH and share.rate > SHARE_OF_A_DOMAIN:
            return f"{share.bounces} of {share.letters} letters to {domain} bounced"
    return ""
