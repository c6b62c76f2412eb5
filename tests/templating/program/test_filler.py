"""A filler makes the letter that rendering its sources would make, and names what is missing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from markupsafe import Markup

from engine.errors import LetterError, UnsupportedFeature
from engine.model.letter import Batch
from engine.templating.environment import make_environment
from engine.templating.filler.filler import Filler
from engine.templating.filler.packing import pack, unpack
from engine.templating.program import Whole
from tests.templating.program.building import (
    FORM,
    JSON,
    MERGED,
    MIME,
    UNSUBSCRIBE,
    filler,
    person,
    program,
    sent,
)

GREETING = "<p>Hi {{ customer.first_name | default('you') }}</p>"
TIERS = "{% if customer.tier == 'gold' %}<b>{{ offer.code }}</b>{% elif customer.tier in ['silver'] %}S{% else %}E{% endif %}"


@pytest.mark.parametrize("wire", [JSON, MIME, MERGED, FORM])
def test_what_is_sent_is_what_is_kept(wire: object) -> None:
    made = filler(
        program(
            GREETING + TIERS + "<a href='{{ unsubscribe_url }}'>out</a>",
            subject="{{ customer.first_name }}, hello",
            headers=[
                ("List-Unsubscribe", "<{{ unsubscribe_url }}>"),
                ("List-ID", "News <news.acme.example>"),
            ],
        ),
        wire,  # type: ignore[arg-type]
    )
    slots = made.slots(
        person(made, customer__first_name="Zoë <&\"'>", customer__tier="gold", offer__code="A-1")
    )
    letter = made.letter(slots)
    assert sent(made, slots) == letter
    assert letter.html == (f"<p>Hi Zoë &lt;&amp;&#34;&#39;&gt;</p><b>A-1</b><a href='{UNSUBSCRIBE}'>out</a>")
    assert letter.subject == "Zoë <&\"'>, hello"
    assert dict(letter.headers)["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"


def test_the_letter_needs_no_more_than_its_stored_slots() -> None:
    made = filler(program(GREETING + TIERS + "{% for one in customer.interests %}{{ one }};{% endfor %}"))
    slots = made.slots(
        person(made, customer__first_name="A", customer__interests=["tea", Markup("<i>art</i>")])
    )
    stored = pack(slots)
    assert unpack(stored) == slots
    assert made.letter(unpack(stored)) == made.letter(slots) == sent(made, unpack(stored))
    assert "tea;<i>art</i>;" in made.letter(slots).html


def test_inputs_are_the_fields_the_letter_reads() -> None:
    made = filler(program(GREETING + TIERS, subject="{{ customer['city'] }}"))
    assert made.inputs[:4] == ("to.address", "to.name", "reference", "message_id")
    assert set(made.inputs[4:]) == {"customer.city", "customer.first_name", "customer.tier", "offer.code"}


def test_the_whole_customer_is_asked_for_where_the_template_needs_it() -> None:
    made = filler(
        program("{{ customer | length }} {{ customer.get('city') }} {{ customer[customer.choice] }}")
    )
    assert set(made.inputs[4:]) == {"customer", "customer.choice"}
    slots = made.slots(
        person(made, customer={"city": "Oslo", "choice": "city", "x": None}, customer__choice="city")
    )
    assert made.letter(slots).html == "2 Oslo Oslo"


def test_what_everybody_must_have_is_known_beforehand() -> None:
    made = filler(
        program(
            "{{ customer.a }}{{ customer.b | default('x') }}{{ customer.c | upper }}",
            subject="{{ customer.d ~ '!' }}",
        )
    )
    assert made.required == {"to.address", "customer.a", "customer.c", "customer.d"}
    assert not made.may_fail


def test_a_value_written_under_its_own_condition_is_not_missed() -> None:
    made = filler(program("{% if customer.a %}{{ customer.a }}{% endif %}"))
    assert made.required == {"to.address"}
    assert not made.may_fail


def test_a_value_written_under_another_condition_may_be_missed() -> None:
    assert filler(program("{% if customer.b %}{{ customer.a }}{% endif %}")).may_fail


@pytest.mark.parametrize(
    "html",
    [
        "{{ customer.first_name }}",
        "{{ customer.first_name | upper }}",
        "{{ 'Hi ' ~ customer.first_name }}",
        "{{ customer.first_name | replace('a', 'b') }}",
        "{% if customer.first_name > 'A' %}x{% endif %}",
        "{% for letter in customer.first_name %}x{% endfor %}",
        "{% set name = customer.first_name %}{{ name }}",
        "{{ customer.first_name if true }}",
    ],
)
def test_a_missing_value_is_named(html: str) -> None:
    made = filler(program(html))
    with pytest.raises(LetterError) as caught:
        made.slots(person(made))
    assert caught.value.reason == "missing_value"
    assert "customer.first_name" in caught.value.message


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>{{ customer.first_name if customer.tier }}</p>", "<p></p>"),
        ("<p>{{ 'Dear ' ~ (customer.first_name if customer.tier) }}</p>", "<p>Dear </p>"),
        ("{% for one in (customer.interests if customer.tier) %}x{% else %}none{% endfor %}", "none"),
        ("{{ (customer.first_name if customer.tier) | default('you') }}", "you"),
    ],
)
def test_an_if_without_an_else_writes_nothing(html: str, expected: str) -> None:
    made = filler(program(html))
    assert made.letter(made.slots(person(made, customer__tier=""))).html == expected


@pytest.mark.parametrize("value", ["a\r\nBcc: x@example.org", "a\nb", "a\x00b", "a\u2028b", "a\x85b"])
def test_a_name_cannot_break_out_of_the_subject(value: str) -> None:
    made = filler(program(subject="Dear {{ customer.first_name }}"))
    with pytest.raises(LetterError) as caught:
        made.slots(person(made, customer__first_name=value))
    assert caught.value.reason == "unsafe_header"


def test_a_display_name_cannot_hold_a_line_break() -> None:
    made = filler(program())
    values = person(made)
    values[1] = "Zoe\r\nBcc: x@example.org"
    with pytest.raises(LetterError, match="U\\+000D"):
        made.slots(values)


@pytest.mark.parametrize("wire", [JSON, MIME, MERGED, FORM])
@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("a\x00b\x1f\x7fc", "abc"),
        ("one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour"),
        ("a|b", "a|b"),
        ('quote " and \\ backslash', "quote &#34; and \\ backslash"),
        ("👩‍👩‍👧 שלום \u202eevil", "👩‍👩‍👧 שלום \u202eevil"),
        ("half \ud83d", "half "),
        ("long " * 60, "long " * 60),
        (" ", " "),
        ("", ""),
        (".", "."),
        ("=?utf-8?q?x?=", "=?utf-8?q?x?="),
        (0, "0"),
        (2.5, "2.5"),
        (True, "True"),
    ],
)
def test_any_value_arrives_in_a_body_as_it_is_but_for_control_characters(
    wire: object, value: object, read: str
) -> None:
    made = filler(program("<p>{{ customer.note }}|{{ customer.city }}</p>\n.{{ customer.note }}"), wire)  # type: ignore[arg-type]
    slots = made.slots(person(made, customer__note=value, customer__city="Kraków"))
    assert made.letter(slots).html == f"<p>{read}|Kraków</p>\n.{read}"
    assert sent(made, unpack(pack(slots))) == made.letter(slots)


def test_a_letter_that_cannot_be_encoded_leaves_the_batch_as_it_was() -> None:
    made = filler(program(GREETING))
    batch = Batch()
    made.append(batch, made.slots(person(made, customer__first_name="A")))
    before = Batch(
        *map(list, (batch.parts, batch.ends, batch.references, batch.keys, batch.recipients, batch.senders)),
        frame=batch.frame,
    )
    values = person(made, customer__first_name="B")
    values[0] = "not an address"
    with pytest.raises(LetterError):
        made.append(batch, made.slots(values))
    assert batch == before


def test_safe_html_becomes_text_in_the_text_part() -> None:
    made = filler(program("<div>{{ customer.bio | safe }}</div>", text=None))
    slots = made.slots(person(made, customer__bio="<p>One &amp; <b>two</b></p><p>three</p>"))
    letter = made.letter(slots)
    assert letter.html == "<div><p>One &amp; <b>two</b></p><p>three</p></div>"
    assert "One & two\n\nthree" in letter.text
    assert sent(made, slots) == letter


def test_the_preheader_can_be_personal() -> None:
    made = filler(
        program(
            "<i>{{ preheader }}</i>{{ preheader | length }}",
            preheader="{{ customer.first_name }} & more",
            text="x",
        )
    )
    slots = made.slots(person(made, customer__first_name="<Zoë>"))
    assert made.letter(slots).html == "<i>&lt;Zoë&gt; &amp; more</i>12"


def test_a_preheader_nobody_reads_fails_nobody() -> None:
    made = filler(program("x", preheader="{{ customer.first_name }}"))
    assert made.letter(made.slots(person(made))).html == "x"


def test_static_chunks_are_shared_between_letters() -> None:
    made = filler(program("<p>" + "long text " * 50 + "</p>" + GREETING))
    batch = Batch()
    for name in ("A", "B"):
        made.append(batch, made.slots(person(made, customer__first_name=name)))
    half = len(batch.parts) // 2
    shared = [one for one, other in zip(batch.parts[:half], batch.parts[half:], strict=True) if one is other]
    assert sum(map(len, shared)) > 0.9 * sum(map(len, batch.parts[:half])) - 40


def test_a_decision_is_made_once_for_both_bodies() -> None:
    made = filler(program(TIERS))
    slots = made.slots(person(made, customer__tier="gold", offer__code="A-1"))
    assert slots[5:] == (0, "A-1")


def test_a_merged_letter_holds_the_fixed_text_once_and_each_value_once_a_body() -> None:
    made = filler(
        program(GREETING * 3 + TIERS + "long text " * 200, text="Hi {{ customer.first_name }}"), MERGED
    )
    batch = Batch()
    for name in ("Élodie", "Max"):
        values = person(made, customer__first_name=name, customer__tier="gold", offer__code="A-1")
        made.append(batch, made.slots(values))
    assert batch.frame.merged
    assert batch.joined().count(b"long text") == 200
    assert batch.joined().count("Élodie".encode()) == 2
    assert batch.joined().count(b"<b>A-1</b>") == 2


def test_a_structure_is_one_value_of_a_merged_letter() -> None:
    html = "{% for one in customer.interests %}<i>{{ one }}</i>{% if one == 'tea' %}!{% endif %}{% else %}-{% endfor %}"
    made = filler(program("<p>" + html + "</p>", subject=html), MERGED)
    slots = made.slots(person(made, customer__interests=["tea", "<art>"]))
    assert made.letter(slots).html == "<p><i>tea</i>!<i>&lt;art&gt;</i></p>"
    assert sent(made, slots) == made.letter(slots)
    batch = Batch()
    made.append(batch, slots)
    assert len(json.loads(batch.joined())["personalizations"][0]["substitutions"]) == 2


def test_hundreds_of_branches_can_be_one_value() -> None:
    tests = "".join(f"{{% elif customer.city == 'c{n}' %}}{n} {{{{ customer.city }}}}" for n in range(300))
    made = filler(program("{% if customer.city == 'x' %}x" + tests + "{% endif %}."), MERGED)
    slots = made.slots(person(made, customer__city="c299"))
    assert sent(made, slots).html == "299 c299."


def test_values_too_long_to_merge_leave_the_batch_as_it_was() -> None:
    made = filler(program(GREETING), MERGED)
    batch = Batch()
    made.append(batch, made.slots(person(made, customer__first_name="A")))
    before = len(batch.parts)
    with pytest.raises(UnsupportedFeature, match="too long"):
        made.append(batch, made.slots(person(made, customer__first_name="x" * 10_000)))
    with pytest.raises(UnsupportedFeature, match="-tbmerge-"):
        made.append(batch, made.slots(person(made, customer__first_name="-tbmerge-0-0001-")))
    assert (len(batch), len(batch.parts)) == (1, before)


def test_a_letter_without_anything_in_common_is_not_merged() -> None:
    whole = Whole({"main.html": "{{ customer.first_name }}"}, {}, "main.html")
    with pytest.raises(UnsupportedFeature, match="cannot be merged"):
        filler(replace(program(), whole=whole), MERGED)


def test_whether_an_undivided_letter_can_be_made_is_learnt_without_finishing_it() -> None:
    html = "<style>p { color: red }</style><p>{{ customer.first_name | replace('a', 'b') }}</p>"
    made = replace(program(), whole=Whole({"main.html": html}, {}, "main.html"))
    asking, making = (
        Filler(made, JSON, make_environment(None), finished=finished) for finished in (False, True)
    )
    assert asking.inputs == making.inputs
    known = person(making, customer={"first_name": "Ana"})
    assert '<p style="color:red">Anb</p>' in making.letter(making.slots(known)).html
    assert asking.letter(asking.slots(known)).html == ""
    for each in (asking, making):
        with pytest.raises(LetterError, match="first_name") as caught:
            each.slots(person(each, customer={}))
        assert caught.value.reason == "missing_value"


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "{{% if customer.tier %}}{}{{% endif %}}",
        "{{% if 'v' ~ customer.tier %}}{{% if customer %}}{}{{% endif %}}{{% endif %}}",
    ],
    ids=["alone", "in a branch", "in a branch of a branch"],
)
def test_a_stretch_left_to_jinja_is_escaped_in_the_page_and_not_in_the_text(around: str) -> None:
    stretch = "{% filter trim %}{{ offer.code }}{% endfilter %}"
    made = filler(program(around.format(stretch), personal=("customer", "customer.tier", "offer.code")))
    letter = made.letter(
        made.slots(person(made, customer={"tier": "gold"}, customer__tier="gold", offer__code="<C>"))
    )
    assert (letter.html, letter.text) == ("&lt;C&gt;", "<C>")
