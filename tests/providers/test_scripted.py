"""The suite itself, tried on a provider in process; and the halving of batches that are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import AccountFault, NotSent, Unknown
from engine.model.letter import Batch, Verdict
from engine.providers.base import Provider
from engine.providers.isolate import send_isolating
from tests.doubles.scripted import Scripted
from tests.providers.conformance import Conformance, run
from tests.providers.letters import Received, batch_of, letter, read_message


class ScriptedWayOut:
    """Nothing behind it but a list."""

    def __init__(self) -> None:
        self.scripted = Scripted(idempotent=True, dead=frozenset({"dead@customers.example"}))

    def provider(self) -> Provider:
        return self.scripted

    def unusable(self) -> Provider:
        return Unreachable(self.scripted)

    def received(self) -> list[Received]:
        return [read_message(raw) for _, raw in self.scripted.received]

    def dead_address(self) -> str:
        return "dead@customers.example"


class Unreachable(Scripted):
    """The same, with nobody there."""

    def __init__(self, like: Scripted) -> None:
        super().__init__(received=like.received)

    async def open(self) -> None:
        raise NotSent("nobody is there", help="start it")


@pytest.fixture
def way_out() -> ScriptedWayOut:
    return ScriptedWayOut()


class TestScriptedConforms(Conformance):
    """What tests elsewhere send through keeps the same promises."""


def test_each_kind_of_trouble_becomes_the_outcome_it_is() -> None:
    provider = Scripted(
        script=[NotSent("later", retry_after=7.0), Unknown("who knows"), AccountFault("stop")]
    )
    batch = batch_of(provider, [letter(1), letter(2)])
    later = run(send_isolating(provider, batch))
    unknown = run(send_isolating(provider, batch))
    stopped = run(send_isolating(provider, batch))
    assert [outcome.verdict for outcome in later.outcomes] == [Verdict.RETRY] * 2
    assert later.retry_after == 7.0
    assert [outcome.verdict for outcome in unknown.outcomes] == [Verdict.UNKNOWN] * 2
    assert [outcome.verdict for outcome in stopped.outcomes] == [Verdict.RETRY] * 2
    assert stopped.fault is not None


def test_nothing_is_sent_for_an_empty_batch() -> None:
    provider = Scripted()
    assert run(send_isolating(provider, Batch())).outcomes == []
    assert provider.calls == []


@given(st.integers(1, 40), st.sets(st.integers(0, 39)), st.sets(st.integers(0, 39)))
def test_halving_finds_every_poisoned_letter_and_sends_the_others_once(
    count: int, poisoned: set[int], dead: set[int]
) -> None:
    def address(number: int) -> str:
        return f"reader{number}@customers.example"

    provider = Scripted(
        poison=frozenset(map(address, poisoned)), dead=frozenset(map(address, dead - poisoned))
    )
    sent = run(send_isolating(provider, batch_of(provider, [letter(n) for n in range(count)])))
    good = [n for n in range(count) if n not in poisoned | dead]
    assert [n for n, outcome in enumerate(sent.outcomes) if outcome.verdict == Verdict.ACCEPTED] == good
    assert [reference for reference, _ in provider.received] == [f"delivery-{n}" for n in good]
    assert len(sent.outcomes) == count
