"""From a provider's outcomes to the ledger's receipts: accepted, failed, again later, or uncertain. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from engine.flows.deliver.letters import Filled
from engine.flows.deliver.waiting import next_attempt
from engine.model.letter import Outcome, Verdict
from engine.model.words import Reason, State
from engine.providers.isolate import Sent
from engine.store.ledger.call import Ending, Receipt
from engine.store.ledger.queue import Claim, Claimed

LONGEST_DETAIL = 500


@dataclass(slots=True)
class Settled:
    """What to write after a call. `dead`: addresses the provider calls dead, with its words. `closed`: letters to
    mailboxes it calls closed, with their addresses and its words.

    `refused`: how many letters the provider turned down for good; `others` has them among the rest.
    """

    claim: Claim
    call: int
    ending: Ending
    accepted: list[tuple[int, str]] = field(default_factory=list)
    others: list[Receipt] = field(default_factory=list)
    dead: list[tuple[str, str]] = field(default_factory=list)
    closed: list[tuple[Claimed, str, str]] = field(default_factory=list)
    refused: int = 0


def receipts_of(
    claim: Claim, call: int, filled: Filled, sent: Sent, now: datetime, chance: Callable[[], float]
) -> Settled:
    """Every letter of the call with its receipt; a letter without an outcome is uncertain."""
    settled = Settled(claim, call, _ending(sent))
    missing = [Outcome(Verdict.UNKNOWN, detail=sent.trouble or "the provider's answer left it out")]
    outcomes = sent.outcomes + missing * (len(filled.letters) - len(sent.outcomes))
    for place, (claimed, _, _) in enumerate(filled.letters):
        outcome = outcomes[place]
        if outcome.verdict == Verdict.ACCEPTED:
            settled.accepted.append((claimed.delivery, outcome.provider_id))
            continue
        receipt = _receipt(claimed, outcome, sent, place in sent.turned_away, now, chance)
        settled.others.append(receipt)
        settled.refused += outcome.verdict == Verdict.REFUSED
        if outcome.suppress:
            settled.dead.append((filled.batch.recipients[place], outcome.detail[:LONGEST_DETAIL]))
        elif outcome.closed:
            address = filled.batch.recipients[place]
            settled.closed.append((claimed, address, outcome.detail[:LONGEST_DETAIL]))
    return settled


def _receipt(
    claimed: Claimed,
    outcome: Outcome,
    sent: Sent,
    turned_away: bool,
    now: datetime,
    chance: Callable[[], float],
) -> Receipt:
    detail = outcome.detail[:LONGEST_DETAIL]
    if outcome.verdict == Verdict.REFUSED:
        return Receipt(claimed.delivery, State.FAILED, Reason.REFUSED_BY_PROVIDER, detail)
    if outcome.verdict == Verdict.UNKNOWN:
        return Receipt(claimed.delivery, State.UNCERTAIN, "", detail, None, outcome.provider_id)
    if sent.fault is not None:
        # The account's fault, not the letter's: it is due again at once, for when the account is mended.
        return Receipt(claimed.delivery, State.RETRY_WAIT, "", detail, now)
    # A call that was not taken as a whole is no attempt of this letter's: it can never use up its attempts.
    tried = 1 if turned_away else claimed.attempt + 1
    due = next_attempt(tried, now, wished=sent.retry_after, chance=chance)
    if due is None:
        return Receipt(claimed.delivery, State.FAILED, Reason.ATTEMPTS_EXHAUSTED, detail)
    return Receipt(claimed.delivery, State.RETRY_WAIT, "", detail, due)


def _ending(sent: Sent) -> Ending:
    verdicts = {outcome.verdict for outcome in sent.outcomes}
    words = next((outcome.detail for outcome in sent.outcomes if outcome.detail), "")
    return Ending("+".join(sorted(verdicts)) or "nothing", None, words[:LONGEST_DETAIL])
