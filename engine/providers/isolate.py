"""Send a batch to the end: halve what is refused as a whole, and give every message an outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.errors import AccountFault, BatchRefused, NotSent, Unknown
from engine.model.letter import Batch, Outcome, Verdict
from engine.providers.base import Provider


def _nothing() -> None:
    """Nobody wants to know."""


@dataclass(slots=True)
class Sent:
    """One outcome per message, in order.

    `fault`: the account is at fault, the run must stop; its messages are marked RETRY, as none of them left.
    `retry_after`: seconds the provider asked us to wait, or None. `calls`: how many calls it took.
    `trouble`: why a call as a whole was not taken or not answered, in words; "" where each one was.
    `turned_away`: places of messages whose call as a whole was not taken: it says nothing about them.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    fault: AccountFault | None = None
    retry_after: float | None = None
    calls: int = 0
    trouble: str = ""
    turned_away: set[int] = field(default_factory=set)

    def all_same(self, count: int, verdict: str, detail: str) -> None:
        """Add the same outcome for each of `count` messages."""
        self.outcomes.extend([Outcome(verdict, detail=detail)] * count)


async def send_isolating(
    provider: Provider, batch: Batch, sent: Sent | None = None, *, split: Callable[[], None] = _nothing
) -> Sent:
    """Send a batch; on BatchRefused send its halves, down to the one message that is refused.

    Never raises a ProviderError: NotSent becomes RETRY, Unknown UNKNOWN, for exactly the messages concerned.
    After an account fault nothing more is sent. A message already accepted is never sent again.

    `sent`: filled as the answers come, so that whoever cancels this knows what they said; the messages it has
    nothing about may have left. `split`: called before the first part leaves, so that somebody can note that the
    batch never was one call: what a provider remembers then are its parts.
    """
    sent = sent or Sent()
    waiting = [batch] if len(batch) else []
    while waiting:
        part = waiting.pop()
        if sent.fault is not None:
            sent.all_same(len(part), Verdict.RETRY, sent.fault.message)
            continue
        sent.calls += 1
        try:
            sent.outcomes.extend(await provider.send(part))
        except BatchRefused as error:
            if len(part) == 1:
                sent.all_same(1, Verdict.REFUSED, error.message)
            else:
                if part is batch:
                    split()
                middle = len(part) // 2
                waiting += [part.slice(middle, len(part)), part.slice(0, middle)]
        except NotSent as error:
            sent.retry_after = max(filter(None, (sent.retry_after, error.retry_after)), default=None)
            sent.trouble = error.message
            sent.turned_away.update(range(len(sent.outcomes), len(sent.outcomes) + len(part)))
            sent.all_same(len(part), Verdict.RETRY, error.message)
        except AccountFault as error:
            sent.fault = error
            sent.all_same(len(part), Verdict.RETRY, error.message)
        except Unknown as error:
            sent.trouble = error.message
            sent.all_same(len(part), Verdict.UNKNOWN, error.message)
    return sent


async def send_once(provider: Provider, batch: Batch, sent: Sent) -> Sent:
    """Send a batch in one call and never in parts: a provider may remember calls as a whole. Raises nothing either.

    Of a batch that is refused as a whole nothing is known: it may have been sent in parts before.
    """
    sent.calls += 1
    try:
        sent.outcomes.extend(await provider.send(batch))
    except BatchRefused as error:
        sent.all_same(len(batch), Verdict.REFUSED if len(batch) == 1 else Verdict.UNKNOWN, error.message)
    except NotSent as error:
        sent.retry_after, sent.trouble = error.retry_after, error.message
        sent.turned_away.update(range(len(batch)))
        sent.all_same(len(batch), Verdict.RETRY, error.message)
    except AccountFault as error:
        sent.fault = error
        sent.all_same(len(batch), Verdict.RETRY, error.message)
    except Unknown as error:
        sent.trouble = error.message
        sent.all_same(len(batch), Verdict.UNKNOWN, error.message)
    return sent
