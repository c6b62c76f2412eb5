"""What every provider promises that can send one letter to many people at once."""

from __future__ import annotations

import contextlib

import pytest

from engine.errors import BatchRefused, Unknown, UnsupportedFeature
from engine.model.letter import Mailbox, Verdict
from engine.providers.isolate import send_isolating
from tests.providers.conformance import NetworkConformance, NetworkWayOut, deliver, run
from tests.providers.letters import filled_batch, marked, reader

TRICKY = [
    reader(1),
    reader(
        2, to=Mailbox('Zoë "the reader" O\'Neil, B.Sc.; x', "zoe@bücher.example"), subject="Grüße, Zoë 👩‍👧"
    ),
    reader(3, html="&lt;b&gt; 100% $1 \\1 {{ x }} %recipient.x% [x] -x- " + "wide " * 60, text="<b>\n.\n\tx"),
    reader(
        4,
        to=Mailbox("", "nameless@customers.example"),
        subject='%s %(x)s {0} $x &amp; "quoted"',
        html="",
        text="",
    ),
]


class MergingConformance(NetworkConformance):
    """Ways out with a format in which a letter stands once for many people."""

    def test_a_merged_letter_arrives_exactly_as_the_whole_one_does(self, way_out: NetworkWayOut) -> None:
        provider = way_out.provider()
        assert provider.merge_wire is not None
        merged = []
        for one in TRICKY:
            # A value that the provider would take for its own tag sends its letter whole.
            with contextlib.suppress(UnsupportedFeature):
                filled_batch(provider.merge_wire, marked(), [one])
                merged.append(one)
        assert len(merged) >= len(TRICKY) - 1
        whole = filled_batch(provider.wire, marked(), merged)
        batch = filled_batch(provider.merge_wire, marked(), merged)
        assert batch.frame.merged
        first, second = run(deliver(provider, whole, batch))
        assert {outcome.verdict for outcome in first + second} == {Verdict.ACCEPTED}
        received = way_out.received()
        by_whole = sorted(received[: len(merged)], key=lambda each: each.reference)
        by_merging = sorted(received[len(merged) :], key=lambda each: each.reference)
        assert by_whole == by_merging

    def test_the_letter_itself_stands_once_in_a_merged_call(self, way_out: NetworkWayOut) -> None:
        provider = way_out.provider()
        assert provider.merge_wire is not None
        basis = marked(html="<p>Dear zq0003qzc0ffeeqz</p>" + "long text " * 500)
        batch = filled_batch(provider.merge_wire, basis, [reader(n) for n in range(50)])
        assert batch.joined().count(b"long text") == 500

    def test_a_letter_without_anything_personal_in_it_is_merged_too(self, way_out: NetworkWayOut) -> None:
        provider = way_out.provider()
        assert provider.merge_wire is not None
        basis = marked(subject="For everybody", html="<p>Dear all</p>", text="")
        (outcomes,) = run(deliver(provider, filled_batch(provider.merge_wire, basis, [reader(1), reader(2)])))
        assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
        assert {(each.subject, each.html, each.text) for each in way_out.received()} == {
            ("For everybody", "<p>Dear all</p>", "")
        }

    def test_a_merged_batch_of_the_largest_size_is_one_call(self, way_out: NetworkWayOut) -> None:
        provider = way_out.provider()
        assert provider.merge_wire is not None
        readers = [reader(n) for n in range(provider.limits.merged)]
        (outcomes,) = run(deliver(provider, filled_batch(provider.merge_wire, marked(), readers)))
        assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
        assert len({outcome.provider_id for outcome in outcomes}) == provider.limits.merged
        received = way_out.received()
        assert {each.reference for each in received} == {each.reference for each in readers}
        assert len(received) == provider.limits.merged

    def test_a_merged_batch_that_is_too_large_is_refused_before_anything_leaves(
        self, way_out: NetworkWayOut
    ) -> None:
        provider = way_out.provider()
        assert provider.merge_wire is not None
        readers = [reader(n) for n in range(provider.limits.merged + 1)]
        with pytest.raises(BatchRefused):
            run(deliver(provider, filled_batch(provider.merge_wire, marked(), readers)))
        basis = marked(html="x" * (provider.limits.bytes + 1))
        with pytest.raises((BatchRefused, UnsupportedFeature)):
            run(deliver(provider, filled_batch(provider.merge_wire, basis, [reader(1)])))
        assert way_out.received() == []

    def test_one_refused_address_harms_nobody_else_in_a_merged_batch(self, way_out: NetworkWayOut) -> None:
        dead = way_out.dead_address()
        if not dead:
            return
        provider = way_out.provider()
        assert provider.merge_wire is not None
        readers = [reader(n) for n in range(9)]
        readers[5] = reader(5, to=Mailbox("", dead))
        batch = filled_batch(provider.merge_wire, marked(), readers)

        async def isolating() -> list[tuple[str, bool]]:
            await provider.open()
            sent = await send_isolating(provider, batch)
            await provider.close()
            return [(outcome.verdict, outcome.suppress) for outcome in sent.outcomes]

        fine, refused = (Verdict.ACCEPTED, False), (Verdict.REFUSED, True)
        assert run(isolating()) == [*[fine] * 5, refused, *[fine] * 3]
        references = [each.reference for each in way_out.received()]
        assert sorted(references) == [f"delivery-{n}" for n in range(9) if n != 5]

    def test_the_lost_answer_to_a_merged_batch_is_unknown(self, way_out: NetworkWayOut) -> None:
        provider = way_out.provider()
        assert provider.merge_wire is not None
        way_out.lose_the_answer()
        with pytest.raises(Unknown):
            run(deliver(provider, filled_batch(provider.merge_wire, marked(), [reader(1), reader(2)])))
        assert len(way_out.received()) == 2

    def test_a_personal_sender_cannot_be_merged(self, way_out: NetworkWayOut) -> None:
        provider = way_out.provider()
        assert provider.merge_wire is not None
        with pytest.raises(UnsupportedFeature):
            provider.merge_wire.frame(marked(sender=Mailbox("", "zq0009qzc0ffeeqz")))

    def test_merging_can_be_switched_off(self, way_out: NetworkWayOut) -> None:
        provider = way_out.provider(merge=False)  # type: ignore[call-arg]
        assert provider.merge_wire is None
        assert provider.limits.merged == 0
