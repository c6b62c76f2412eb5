"""For generated templates and people, a filled letter is the letter plain rendering gives, in every wire format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from jinja2 import DictLoader

from engine.errors import LetterError, TemplateError, UnsupportedFeature
from engine.templating.environment import LetterEnvironment, escaping, make_environment
from engine.templating.filler.packing import pack, unpack
from engine.templating.filler.values import clean
from engine.templating.personal import personal_paths, stage2_source
from engine.templating.specialise import CannotSplit, specialise
from tests.templating.budget import tries
from tests.templating.program.building import FORM, JSON, MERGED, MIME, filler, from_context, program, sent
from tests.templating.specialise.grammar import families
from tests.templating.specialise.people import CONTEXT, PEOPLE


@tries(40)
@given(families())
def test_a_filled_letter_is_the_plainly_rendered_one(templates: dict[str, str]) -> None:
    check_filled(templates)


def check_filled(templates: dict[str, str]) -> None:
    environment = make_environment(None, loader=DictLoader(templates))
    try:
        residual = specialise(environment, "main.html", CONTEXT, autoescape=True)
    except (CannotSplit, TemplateError):
        event("not divided")
        return
    # Wires refuse letters without a body, so there is always one.
    source = stage2_source(environment, residual, CONTEXT, "." + residual.text)
    made = program(source, personal=personal_paths(CONTEXT))
    json, mime = filler(made, JSON, environment), filler(made, MIME, environment)
    merged, form = filler(made, MERGED, environment), filler(made, FORM, environment)
    for somebody in PEOPLE:
        # A field without a value is not there: that is what the store gives and what None means to a filler.
        person = {**somebody, "customer": {k: v for k, v in somebody["customer"].items() if v is not None}}
        expected = plainly(environment, source.text, {**source.constants, **person})
        try:
            slots = json.slots(from_context(json, person))
        except LetterError as error:
            event(error.reason)
            # A letter never says None: where plain rendering would, the value counts as missing.
            assert expected is None or "None" in expected, (error.message, source.text)
            continue
        assert expected is not None, source.text
        event("made")
        letter = json.letter(slots)
        assert letter.html == clean(expected), source.text
        assert mime.slots(from_context(mime, person)) == slots
        kept = unpack(pack(slots))
        assert kept == slots
        assert json.letter(kept) == letter
        assert sent(json, kept) == letter
        assert sent(mime, kept) == letter
        assert merged.inputs == json.inputs
        assert sent(form, kept) == letter
        try:
            assert sent(merged, kept) == letter
            event("merged")
        except UnsupportedFeature:
            event("too long to merge")


def plainly(environment: LetterEnvironment, source: str, values: Mapping[str, Any]) -> str | None:
    """What Jinja makes of the same source, or None where it fails."""
    try:
        return escaping(environment, True).from_string(source).render(dict(values))
    except Exception:
        return None


NAMES = ("first_name", "tier", "city", "points", "interests", "note")
texts = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12) | st.sampled_from(
    [
        "gold",
        "silver",
        "Zoë",
        "<b>",
        "a|b",
        'O\'Hara & "Co"',
        "👩‍👧",
        "שלום \u202e",
        "x" * 200,
        "{{ 1 }}",
        "zq0001qz",
    ]
)
people = st.fixed_dictionaries(
    {},
    optional={
        "first_name": texts,
        "tier": st.sampled_from(["gold", "silver", ""]),
        "city": texts,
        "points": st.integers(-5, 5) | st.floats(allow_nan=False, width=16),
        "interests": st.lists(texts, max_size=3),
        "note": texts,
    },
)
fields = st.sampled_from([f"customer.{name}" for name in NAMES if name != "interests"])
expressions = st.recursive(
    fields | st.sampled_from(["'x'", "'<i>'", "3", "offer.code", "customer.interests"]),
    lambda inner: st.builds(
        lambda form, a, b: form.format(a=a, b=b),
        st.sampled_from(
            [
                "({a} | default({b}))",
                "({a} | default({b}, true))",
                "({a} ~ {b})",
                "({a} | upper)",
                "({a} | title | trim)",
                "({a} | e)",
                "({a} | safe)",
                "({a} | urlencode)",
                "({a} | length)",
                "({a} | string)",
                "({a} if {b} else 'z')",
                "({a} if {b})",
                "({a} and {b})",
                "({a} or {b})",
                "(not {a})",
                "({a} == {b})",
                "({a} != {b})",
                "({a} < {b})",
                "({a} in ['gold', 'x', 3])",
                "({a} not in {b})",
                "({a} in {b})",
                "({a} is defined)",
                "({a} is undefined)",
                "({a} | replace('a', 'b'))",
            ]
        ),
        inner,
        inner,
    ),
    max_leaves=5,
)


@tries(200)
@given(expressions, people)
def test_an_expression_says_the_same_as_python_as_in_jinja(expression: str, customer: dict[str, Any]) -> None:
    environment = make_environment(None)
    html = f"<p>{{{{ {expression} }}}}</p>{{% if {expression} %}}yes{{% else %}}no{{% endif %}}"
    values = {"customer": customer, "offer": {"code": "C-1"}}
    made = filler(program(html), JSON, environment)
    expected = plainly(environment, html, values)
    try:
        slots = made.slots(from_context(made, values))
    except LetterError as error:
        assert expected is None, error.message
        if error.reason == "missing_value":
            assert not made.required <= {name for name in made.inputs if known(values, name)} or made.may_fail
        return
    assert expected is not None
    assert made.letter(slots).html == clean(expected)
    assert sent(made, slots) == made.letter(slots)
    assert sent(filler(program(html), MERGED, environment), slots) == made.letter(slots)
    assert sent(filler(program(html), FORM, environment), slots) == made.letter(slots)


def known(values: Mapping[str, Any], name: str) -> bool:
    """Whether a person has that value."""
    first, _, last = name.partition(".")
    return first == "to" or "." not in name or last in values.get(first, {})


@tries(100)
@given(people)
def test_people_who_have_what_is_required_get_their_letter(customer: dict[str, Any]) -> None:
    made = filler(
        program(
            "{{ customer.city }}{% if customer.note is defined %}{{ customer.note }}{% endif %}",
            subject="{{ customer.tier | default('x') }}",
        )
    )
    assert not made.may_fail
    has = {name for name in made.inputs if known({"customer": customer}, name)}
    try:
        made.slots(from_context(made, {"customer": customer}))
    except LetterError:
        assert not made.required <= has
    else:
        assert made.required <= has


header_texts = st.text(st.characters(codec="utf-8"), max_size=30)


@tries(200)
@given(header_texts, st.sampled_from([JSON, MIME]))
def test_a_header_is_refused_or_arrives_whole_and_alone(value: str, wire: Any) -> None:
    made = filler(program(subject="Dear {{ customer.first_name }}, hello"), wire)
    try:
        slots = made.slots(from_context(made, {"customer": {"first_name": value}}))
    except LetterError as error:
        assert error.reason == "unsafe_header"
        assert re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", value)
        return
    shown = re.sub("[\u202a-\u202e\u2066-\u2069]", "", made.letter(slots).subject)
    assert " ".join(sent(made, slots).subject.split()) == " ".join(shown.split())
