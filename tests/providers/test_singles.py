"""One message a call, several at once: each message keeps its own fate, and a fault stops what is still waiting."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import AccountFault, BatchRefused, NotSent, ProviderError, Unknown
from engine.model.letter import Batch, Outcome, Verdict
from engine.network.lane import Lane
from engine.providers.singles import Singles

A, R, W, U = Verdict.ACCEPTED, Verdict.REFUSED, Verdict.RETRY, Verdict.UNKNOWN


def batch_of(*messages: str) -> Batch:
    """A batch whose messages say what shall become of them."""
    batch = Batch()
    for number, message in enumerate(messages):
        batch.parts.append(message.encode())
        batch.ends.append(len(batch.parts))
        batch.references.append(f"r{number}")
        batch.keys.append(f"k{number}")
        batch.recipients.append(f"{number}@x.example")
        batch.senders.append("us@x.example")
    return batch


class Recorded:
    """An API of which each message says itself how it is answered."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.at_once = self.most = 0

    async def one(self, lane: Lane, batch: Batch) -> Outcome:
        (message,) = (each.decode() for each in batch.messages())
        (reference,) = batch.references
        self.tried.append(reference)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        errors: dict[str, ProviderError] = {
            "refused": BatchRefused("no"),
            "unknown": Unknown("who knows"),
            "later": NotSent("later", retry_after=7),
            "account": AccountFault("the account"),
        }
        if message in errors:
            raise errors[message]
        return Outcome(message, provider_id=reference)


def send(api: Recorded, *messages: str, lanes: int = 1) -> list[str]:
    """The verdicts."""
    singles = Singles(lambda: Lane("https://api.example.com", {}), lanes)
    return [each.verdict for each in asyncio.run(singles.send(batch_of(*messages), api.one))]


def test_each_message_has_its_own_outcome_in_order() -> None:
    assert send(Recorded(), A, "refused", A, R, A) == [A, R, A, R, A]
    assert send(Recorded(), A, "refused", A, R, A, lanes=4) == [A, R, A, R, A]


def test_several_are_under_way_at_once_but_no_more_than_there_are_lanes() -> None:
    api = Recorded()
    assert send(api, *[A] * 20, lanes=4) == [A] * 20
    assert api.most == 4
    assert sorted(api.tried) == sorted(f"r{n}" for n in range(20))


@pytest.mark.parametrize("fault", ["account", "later"])
def test_after_a_fault_nothing_more_is_sent(fault: str) -> None:
    api = Recorded()
    assert send(api, A, A, fault, A, A) == [A, A, W, W, W]
    assert api.tried == ["r0", "r1", "r2"]


def test_a_fault_before_anything_was_taken_is_raised() -> None:
    with pytest.raises(NotSent) as raised:
        send(Recorded(), "later", A, A)
    assert raised.value.retry_after == 7
    with pytest.raises(AccountFault):
        send(Recorded(), "later", "account", lanes=2)


def test_a_lane_without_a_clear_answer_stops_and_the_others_go_on() -> None:
    api = Recorded()
    assert send(api, A, "unknown", A, A) == [A, U, W, W]
    assert send(Recorded(), "unknown", A, A, A, lanes=2) == [U, A, A, A]
    assert api.tried == ["r0", "r1"]


def test_a_fault_beside_an_unknown_never_raises_it_away() -> None:
    assert send(Recorded(), "unknown", "account", A, lanes=2) == [U, W, W]


def test_a_mistake_of_our_own_is_not_swallowed() -> None:
    async def broken(lane: Lane, batch: Batch) -> Outcome:
        raise ZeroDivisionError

    singles = Singles(lambda: Lane("https://api.example.com", {}), 2)
    with pytest.raises(ExceptionGroup):
        asyncio.run(singles.send(batch_of(A, A), broken))
