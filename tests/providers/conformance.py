"""What every provider promises, whatever is behind it. A provider's test inherits Conformance and gives it a way out.

Those reached over a network inherit NetworkConformance, which adds what may go wrong on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

import pytest

from engine.errors import AccountFault, LetterError, NotSent, ProviderError, Unknown
from engine.model.letter import Batch, Mailbox, Verdict
from engine.providers.base import Provider
from engine.providers.isolate import send_isolating
from engine.providers.mailboxes import mailbox_value
from tests.providers.letters import HEADERS, UNSUBSCRIBE, Received, batch_of, fill, letter, to, unix

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end."""
    return asyncio.run(coroutine)


class WayOut(Protocol):
    """A provider under test and what is behind it."""

    def provider(self) -> Provider:
        """A provider that works."""

    def unusable(self) -> Provider:
        """The same provider, its other end missing or closed to us."""

    def received(self) -> list[Received]:
        """Everything that was accepted, decoded, oldest first."""

    def dead_address(self) -> str:
        """An address the other end refuses for good; "" where there is no such thing."""


async def deliver(provider: Provider, *batches: Batch) -> list[Any]:
    """Open, send each batch, close; the outcomes of each."""
    await provider.open()
    try:
        return [await provider.send(batch) for batch in batches]
    finally:
        await provider.close()


class Conformance:
    """The promises of the protocol in `engine/providers/base.py`."""

    def test_letters_arrive_as_written_and_in_order(self, way_out: WayOut) -> None:
        provider = way_out.provider()
        letters = [letter(number) for number in range(1, 8)]
        (outcomes,) = run(deliver(provider, batch_of(provider, letters)))
        assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 7
        received = sorted(way_out.received(), key=lambda each: each.reference)
        assert [each.reference for each in received] == [each.reference for each in letters]
        for sent, got in zip(letters, received, strict=True):
            assert got.to == (sent.to.name, sent.to.address)
            assert got.sender == (sent.sender.name, sent.sender.address)
            assert got.reply_to == ("", "priya@acme.example")
            assert got.subject == sent.subject
            assert got.html == unix(sent.html)
            assert got.text == unix(sent.text)
            if "message-id" not in provider.limits.replaced_headers:
                assert got.headers["message-id"] == sent.message_id

    def test_each_accepted_letter_has_an_id_of_its_own(self, way_out: WayOut) -> None:
        provider = way_out.provider()
        (outcomes,) = run(deliver(provider, batch_of(provider, [letter(1), letter(2)])))
        identifiers = {outcome.provider_id for outcome in outcomes}
        assert len(identifiers) == 2
        assert "" not in identifiers

    def test_list_headers_arrive_plain_and_whole(self, way_out: WayOut) -> None:
        provider = way_out.provider()
        run(deliver(provider, batch_of(provider, [letter()])))
        (got,) = way_out.received()
        for name, value in HEADERS:
            if name.lower() not in provider.limits.replaced_headers:
                assert got.headers[name.lower()] == value

    def test_an_empty_batch_is_no_call(self, way_out: WayOut) -> None:
        assert run(deliver(way_out.provider(), Batch())) == [[]]
        assert way_out.received() == []

    def test_it_opens_and_closes_twice_without_harm(self, way_out: WayOut) -> None:
        provider = way_out.provider()

        async def twice() -> None:
            for _ in range(2):
                await provider.open()
                await provider.open()
                await provider.close()
                await provider.close()

        run(twice())
        (outcomes,) = run(deliver(provider, batch_of(provider, [letter()])))
        assert outcomes[0].verdict == Verdict.ACCEPTED

    def test_its_limits_are_limits(self, way_out: WayOut) -> None:
        limits = way_out.provider().limits
        assert limits.messages >= 1
        assert limits.bytes >= 100_000
        assert limits.per_second is None or limits.per_second > 0

    def test_a_whole_batch_of_the_largest_size_is_taken(self, way_out: WayOut) -> None:
        provider = way_out.provider()
        letters = [letter(number, html="<p>x</p>") for number in range(provider.limits.messages)]
        (outcomes,) = run(deliver(provider, batch_of(provider, letters)))
        assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
        assert len(way_out.received()) == provider.limits.messages

    def test_without_the_other_end_nothing_is_sent_and_it_says_so(self, way_out: WayOut) -> None:
        provider = way_out.unusable()
        with pytest.raises((NotSent, AccountFault)) as raised:
            run(deliver(provider, batch_of(provider, [letter()])))
        assert raised.value.help
        assert way_out.received() == []

    def test_personal_values_fill_the_encoded_letter_as_if_written_there(self, way_out: WayOut) -> None:
        provider = way_out.provider()
        name = 'Zoë "the reader" O\'Neil, B.Sc.'
        values = {
            "zq0001qzc0ffeeqz": ("To", mailbox_value(Mailbox(name, "zoe@bücher.example"))),
            "zq0002qzc0ffeeqz": (
                "Subject",
                f"{name} — three reads for you, and every one of them is worth it",
            ),
            "zq0003qzc0ffeeqz": ("html", "Zoë &amp; friends " * 12),
            "zq0004qzc0ffeeqz": ("text", ".Zoë & friends\nFrom us"),
            "zq0005qzc0ffeeqz": ("List-Unsubscribe", UNSUBSCRIBE),
            "zq0006qzc0ffeeqz": ("Message-ID", "<d9@news.acme.example>"),
            "zq0007qzc0ffeeqz": ("reference", "d9"),
        }
        marked = letter(
            to=Mailbox("", "zq0001qzc0ffeeqz"),
            subject="zq0002qzc0ffeeqz",
            html='<p title="zq0003qzc0ffeeqz">Dear zq0003qzc0ffeeqz,</p>',
            text="Dear zq0004qzc0ffeeqz\nbye",
            message_id="zq0006qzc0ffeeqz",
            reference="zq0007qzc0ffeeqz",
            headers=(("List-Unsubscribe", "zq0005qzc0ffeeqz"),),
        )
        encoded = provider.wire.encode(marked)
        replaced = provider.limits.replaced_headers
        escaped = {
            token: provider.wire.escape(place, value)
            for token, (place, value) in values.items()
            if place.lower() not in replaced or token.encode() in encoded
        }
        batch = batch_of(provider, [letter(to=Mailbox("", "zoe@bücher.example"), reference="d9")])
        batch.parts[:] = [fill(encoded, escaped)]
        run(deliver(provider, batch))
        (got,) = way_out.received()
        friends = "Zoë &amp; friends " * 12
        written = getattr(way_out, "written_name", str)(name)
        assert got.to == (written, "zoe@xn--bcher-kva.example")
        assert got.subject == values["zq0002qzc0ffeeqz"][1]
        assert got.html == f'<p title="{friends}">Dear {friends},</p>'
        assert got.text == "Dear .Zoë & friends\nFrom us\nbye"
        if "list-unsubscribe" not in replaced:
            assert got.headers["list-unsubscribe"] == UNSUBSCRIBE
        if "message-id" not in replaced:
            assert got.headers["message-id"] == "<d9@news.acme.example>"
        assert got.reference == "d9"

    @pytest.mark.parametrize("place", ["Subject", "To", "From", "Reply-To", "List-Unsubscribe", "X-Note"])
    @pytest.mark.parametrize(
        "value", ["a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\x00b", "a\u2028b", "a\x85b", "a\ud800b"]
    )
    def test_no_value_can_break_out_of_its_header(self, way_out: WayOut, place: str, value: str) -> None:
        if place in ("To", "From", "Reply-To"):
            value = f"{value} <x@y.example>"
        with pytest.raises(LetterError) as raised:
            way_out.provider().wire.escape(place, value)
        assert raised.value.reason == "unsafe_header"

    @pytest.mark.parametrize(
        "address", ["", "nobody", "a b@c.example", "a@b@c.example", "a@-.example", "a@b..c"]
    )
    def test_what_is_not_an_address_is_no_address(self, way_out: WayOut, address: str) -> None:
        with pytest.raises(LetterError) as raised:
            way_out.provider().wire.escape("To", address)
        assert raised.value.reason == "no_address"

    def test_a_letter_outside_ascii_before_the_at_arrives_or_is_refused_beforehand(
        self, way_out: WayOut
    ) -> None:
        provider = way_out.provider()
        refusal, batch = None, Batch()
        try:
            batch = batch_of(provider, [to("zoë@customers.example")])
        except LetterError as error:
            refusal = error.reason
        run(deliver(provider, batch))
        arrived = [each.to[1] for each in way_out.received()]
        assert (refusal, arrived) in [("no_address", []), (None, ["zoë@customers.example"])]

    def test_a_letter_without_a_body_is_refused_beforehand(self, way_out: WayOut) -> None:
        with pytest.raises(LetterError):
            way_out.provider().wire.encode(letter(html="", text=""))

    def test_a_header_is_never_written_twice(self, way_out: WayOut) -> None:
        with pytest.raises(LetterError):
            way_out.provider().wire.encode(letter(headers=(("X-Note", "1"), ("x-note", "2"))))

    def test_one_refused_address_harms_nobody_else(self, way_out: WayOut) -> None:
        dead = way_out.dead_address()
        if not dead:
            return
        provider = way_out.provider()
        letters = [letter(1), to(dead, 2), letter(3)]

        async def isolating() -> list[str]:
            await provider.open()
            sent = await send_isolating(provider, batch_of(provider, letters))
            await provider.close()
            assert sent.outcomes[1].suppress
            assert sent.outcomes[1].detail
            return [outcome.verdict for outcome in sent.outcomes]

        assert run(isolating()) == [Verdict.ACCEPTED, Verdict.REFUSED, Verdict.ACCEPTED]
        assert [each.reference for each in way_out.received()] == ["delivery-1", "delivery-3"]

    def test_a_key_that_was_seen_is_not_sent_again_where_that_is_promised(self, way_out: WayOut) -> None:
        provider = way_out.provider()
        if provider.limits.idempotency is None:
            return
        batch = batch_of(provider, [letter(1), letter(2)])
        first, second = run(deliver(provider, batch, batch))
        assert first == second
        assert len(way_out.received()) == 2


class NetworkWayOut(WayOut, Protocol):
    """A way out whose other end can misbehave."""

    def lose_the_answer(self) -> None:
        """Accept the next letter, but never say so: break the connection instead."""

    def refuse_the_account(self) -> None:
        """From now on the other end does not know us."""

    def private(self) -> Provider:
        """The provider on loopback without leave to be there."""


class NetworkConformance(Conformance):
    """What may go wrong between here and the other end."""

    def test_an_answer_that_was_lost_is_unknown_and_never_not_sent(self, way_out: NetworkWayOut) -> None:
        provider = way_out.provider()
        way_out.lose_the_answer()
        try:
            (outcomes,) = run(deliver(provider, batch_of(provider, [letter()])))
            told = outcomes[0].verdict
        except ProviderError as error:
            told = Verdict.UNKNOWN if isinstance(error, Unknown) else repr(error)
        assert told == Verdict.UNKNOWN
        assert len(way_out.received()) == 1

    def test_an_account_that_is_refused_stops_the_run_and_blames_no_letter(
        self, way_out: NetworkWayOut
    ) -> None:
        provider = way_out.provider()
        way_out.refuse_the_account()
        with pytest.raises(AccountFault) as raised:
            run(deliver(provider, batch_of(provider, [letter()])))
        assert raised.value.help
        assert way_out.received() == []

    def test_loopback_is_refused_unless_the_workspace_allows_it(self, way_out: NetworkWayOut) -> None:
        from engine.errors import AddressRefused

        provider = way_out.private()
        with pytest.raises(AddressRefused):
            run(deliver(provider, batch_of(provider, [letter()])))
        assert way_out.received() == []
