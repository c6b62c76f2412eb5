"""Letters filled together are the same, byte for byte, as letters filled one by one; and so are their refusals."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import LetterError, UnsupportedFeature
from engine.model.letter import Batch
from engine.templating.filler.filler import Filler
from tests.templating.program.building import FORM, JSON, MERGED, MIME, SYSTEM, filler, person, program

HTML = (
    "<p title='{{ customer.name }}'>{{ customer.name }} of {{ customer.city | default('town') }}</p>"
    "{% if customer.tier == 'gold' %}<b>{{ customer.city | default('here') }}</b>{% else %}{{ customer.bio | safe }}{% endif %}"
    "{% for one in customer.likes %}<i>{{ one }}</i>{% endfor %}<a href='{{ unsubscribe_url }}'>out</a>"
)
HEADERS = (
    ("X-Name", "{{ customer.city | default('town') }}"),
    ("List-Unsubscribe", "<{{ unsubscribe_url }}>"),
)
AWKWARD = st.text(st.sampled_from("ab|&<>'\"\\ é€\xa0\x85\ufffe\ud800\n\r\t-tbmerge%{}"), max_size=8)
WORDS = st.sampled_from(["Ana", "Zoë", "O'Hara", "a|b", "", "x" * 450, "-tbmerge-0-0001-"])
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {"name": WORDS | AWKWARD, "bio": WORDS | AWKWARD, "tier": st.sampled_from(["gold", "silver"])},
        optional={"city": WORDS | AWKWARD, "likes": st.lists(AWKWARD, max_size=2)},
    ),
    min_size=1,
    max_size=9,
)


@cache
def made(wire: Any) -> Filler:
    return filler(program(HTML, text="Hi {{ customer.name }}, {{ unsubscribe_url }}", headers=HEADERS), wire)


def slots_of(made: Filler, people: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    found = []
    for one in people:
        values = {f"customer.{name}": value for name, value in {"likes": [], **one}.items()}
        try:
            found.append(made.slots(person(made, **values)))
        except LetterError:
            continue
    return found


@pytest.mark.parametrize("wire", [JSON, MIME, MERGED, FORM], ids=["json", "mime", "merged", "form"])
@given(people=PEOPLE)
def test_together_is_one_by_one(wire: Any, people: list[dict[str, Any]]) -> None:
    letters = slots_of(made(wire), people)
    alone, together = Batch(), Batch()
    fine = []
    for number, slots in enumerate(letters):
        try:
            made(wire).append(alone, slots, key=f"key-{number}")
        except (LetterError, UnsupportedFeature):
            continue
        fine.append((number, slots))
    if len(fine) < len(letters):
        with pytest.raises((LetterError, UnsupportedFeature)):
            made(wire).append_all(together, letters, [""] * len(letters))
        assert together == Batch()
    if not fine:
        return
    made(wire).append_all(together, [slots for _, slots in fine], [f"key-{number}" for number, _ in fine])
    assert list(together.messages()) == list(alone.messages())
    assert together.joined() == alone.joined()
    assert (together.ends, together.keys) == (alone.ends, alone.keys)
    assert together.references == [SYSTEM["reference"]] * len(fine)
    assert (together.recipients, together.senders) == (alone.recipients, alone.senders)


def test_one_awkward_name_slows_nobody_else_down(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    made = filler(program(HTML), JSON)
    bodies = made._lay.__globals__["bodies_of"]  # type: ignore[attr-defined]
    plain = bodies.one_by_one
    monkeypatch.setattr(bodies, "one_by_one", lambda letters: looked.extend(letters) or plain(letters))
    names = ["Ana"] * 20 + ["a|b"] + ["Zoë"] * 20
    letters = slots_of(made, [{"name": name, "bio": "", "tier": "gold"} for name in names])
    made.append_all(Batch(), letters, [""] * len(letters))
    assert looked == [letters[20]]
