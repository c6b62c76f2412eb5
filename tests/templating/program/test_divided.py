"""For generated pages and people, the letter made in two stages is the letter made whole: styles, text and all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from hypothesis import event, example, given
from hypothesis import strategies as st
from jinja2 import DictLoader
from lxml import etree

from engine.errors import LetterError
from engine.model.letter import Letter, Mailbox
from engine.templating.compile import compile_letter
from engine.templating.environment import make_environment
from engine.templating.filler.filler import Filler
from engine.templating.program import Program, Source, Whole
from engine.templating.specialise import Personal
from tests.templating.budget import tries
from tests.templating.program.building import JSON, from_context

SHEET = """<style>p { margin: 0; color: #111 } .big { font-size: 20px } td.cell { padding: 4px; width: 80px }
 a { color: red } .big a { color: blue !important } h2 + p { margin-top: 9px } tr:first-child td { border: 0 }
 a[title] { text-decoration: none } @media (max-width: 480px) { p:first-child { color: green } }</style>"""
GENTLE = re.sub(r"h2 \+ p[^}]*}|tr:first-child td[^}]*}", "", SHEET)
FIELDS = ("name", "tier", "city", "interests", "points", "link")
CONTEXT: dict[str, Any] = {
    "customer": {name: Personal(f"customer.{name}") for name in FIELDS},
    "posts": [{"title": "Tea & <art>", "topic": "tea"}, {"title": "Boats", "topic": "sea"}],
    "company": {"name": "Acme"},
    "unsubscribe_url": Personal("unsubscribe_url"),
}
PEOPLE = [
    {"name": "Zoë <b>", "tier": "gold", "city": "Oslo", "interests": ["tea", "a & b"], "points": 3, "link": "https://x.example/?a=1&b=é ü"},
    {"name": "Al", "tier": "silver", "city": "", "interests": [], "points": 0, "link": "https://x.example/#q"},
    {"tier": "gold", "interests": ["sea"], "points": 12},
]  # fmt: skip

WAYS = {
    "page": ["<html><head>«sheet»</head><body>«blocks»</body></html>", "<!DOCTYPE html><html>\n<head>\n«sheet»\n</head>\n<body>«blocks»</body></html>\n"],
    "sheet": [SHEET, GENTLE, GENTLE, GENTLE, GENTLE, ""],
    "blocks": ["«block»", "«block»\n«block»", "«block»«block»«block»"],
    "block": [
        "<p>«words»</p>",
        "<p class='big'>«words»</p>",
        "<h2>«words»</h2>",
        "<ul>«items»</ul>",
        "<table>«rows»</table>",
        "<div style='color: «colour»'>«blocks»</div>",
        "<p style=\"width: {{ customer.points | default(1) }}px; margin: 1px\">«words»</p>",
        "{% if «test» %}«blocks»{% endif %}",
        "{% if «test» %}«blocks»{% else %}«blocks»{% endif %}",
        "{% for post in posts %}{% if post.topic in (customer.interests | default([])) %}<p>{{ post.title }}</p>{% endif %}{% endfor %}",
        "{% for one in customer.interests | default([]) %}<p class='big'>{{ loop.index }} {{ one }}</p>{% else %}<p>none</p>{% endfor %}",
        "{% set box %}<p class='big'>«words»</p>{% endset %}{{ box }}",
        "{% macro card(x) %}<div class='big'>{{ x }}<p>«words»</p></div>{% endmacro %}{{ card(customer.name | default('you')) }}",
        "{% filter upper %}<p>«words»</p>{% endfilter %}",
        "<p>«words»{% if «test» %}</p><p>{% endif %}«words»</p>",
        "{% if «test» %}<div>{% endif %}<p>«words»</p>{% if «test» %}</div>{% endif %}",
        "<!--[if mso]><table><tr><td><![endif]--><p>«words»</p><!--[if mso]></td></tr></table><![endif]-->",
        "{{ '<p>safe</p>' | safe if «test» }}",
    ],
    "items": ["<li>«words»</li>", "<li>«words»</li>{% if «test» %}<li>«words»</li>{% endif %}", "{% for one in customer.interests | default([]) %}<li>{{ one }}</li>{% endfor %}<li>«words»</li>"],
    "rows": ["«row»", "«row»\n«row»", "{% if «test» %}«row»{% endif %}«row»"],
    "row": ["<tr>«cells»</tr>"],
    "cells": ["«cell»", "«cell»«cell»", "«cell»{% if «test» %}«cell»{% endif %}"],
    "cell": ["<td class='cell'>«words»</td>", "<td class='cell' bgcolor='{{ '#fff' if «test» else '#000' }}'>«words»</td>", "<td>«blocks»</td>"],
    "words": ["«word»", "«word» «word»", "«word»«word»", "«word» «word» «word»"],
    "word": [
        "Hello", "tea &amp; art", "{{ customer.name | default('you') }}", "{{ customer.city | default('') }}", "{{ company.name }}",
        "<a href='{{ unsubscribe_url }}'>leave</a>", "<a href='{{ customer.link | default('https://x.example') }}' title='{{ customer.tier }}'>«word»</a>",
        "<a href='https://x.example/{{ customer.tier }}?q={{ customer.points }}'>«word»</a>",
        "<b>«words»</b>", "<br>", "{% if «test» %}«words»{% endif %}", "{% if «test» %}«words»{% else %}«words»{% endif %}",
        "{{ 'gold' if customer.tier == 'gold' else 'other' }}", "{{ customer.points + 1 }}", "<img src='x.png' alt='{{ customer.city | default('') }}'>",
        "<span class='{{ customer.tier }}'>«word»</span>", "<span{% if «test» %} title='t'{% endif %}>«word»</span>",
        "<a href='#' title='{% if «test» %}a{% else %}{{ customer.city | default('b') }}{% endif %}'>«word»</a>", "&nbsp;", "\n",
        "{{ customer.interests | default([]) | join(', ') }}", "<span style='{{ 'color: red' if «test» else 'color: blue' }}'>«word»</span>",
    ],
    "colour": ["red", "{{ '#123456' if «test» else '#654321' }}", "{{ customer.tier }}"],
    "test": ["customer.tier == 'gold'", "customer.city", "customer.points > 2", "customer.interests", "customer.name is defined", "'tea' in (customer.interests | default([]))"],
}  # fmt: skip
DEEPER = frozenset({"blocks", "words", "word"})
ZERO = re.compile(r"\b0px\b")
"""The style sheet's parser writes a nought without its unit."""

MARK = re.compile("«([a-z]+)»")
CHOICES = {
    kind: (
        st.sampled_from([way for way in ways if not DEEPER & set(MARK.findall(way))] or ways),
        st.sampled_from(ways),
    )
    for kind, ways in WAYS.items()
}


def page(draw: Any, kind: str = "page", depth: int = 4) -> str:
    """A page as somebody would write it, with something personal in every kind of place."""
    way: str = draw(CHOICES[kind][depth > 0])
    return MARK.sub(lambda found: page(draw, found[1], depth - (found[1] in DEEPER)), way)


@tries(60)
@given(st.composite(page)())
@example("<p>{% if customer.tier == 'gold' %}Hello{% else %}<br>{% endif %} Hello</p>")
@example("{% if customer.tier == 'gold' %}Hello{% else %}<br>{% endif %}<p>Hello</p>")
def test_a_divided_letter_is_the_letter_made_whole(html: str) -> None:
    check(html)


def check(html: str) -> None:
    environment = make_environment(None, loader=DictLoader({"letter.html": html}))
    made = compile_letter(
        environment,
        template="letter.html",
        subject="Hello {{ customer.name | default('you') }}",
        context=CONTEXT,
        sender=Mailbox("Acme", "hello@acme.example"),
        campaign="c",
        message_id_domain="acme.example",
        date="Tue, 05 Jan 2027 09:30:00 +0000",
    ).program
    if made.whole is not None:
        event("whole: " + made.whole.reason)
        return
    event("divided")
    static = {name: value for name, value in CONTEXT.items() if name not in ("customer", "unsubscribe_url")}
    whole = replace(
        made, html=Source(), text=Source(), whole=Whole({"letter.html": html}, static, "letter.html")
    )
    for customer in PEOPLE:
        person = {"customer": customer, "unsubscribe_url": "https://acme.example/u/1"}
        divided_letter, whole_letter = (filled(program, person, environment) for program in (made, whole))
        assert (divided_letter is None) == (whole_letter is None)
        if divided_letter is None or whole_letter is None:
            continue
        assert divided_letter.subject == whole_letter.subject
        assert seen(divided_letter.html) == seen(whole_letter.html)
        assert words(divided_letter.text) == words(whole_letter.text)


def filled(program: Program, person: Mapping[str, Any], environment: Any) -> Letter | None:
    """The person's letter, or None where a value is missing."""
    made = Filler(program, JSON, environment)
    try:
        return made.letter(made.slots(from_context(made, person)))
    except LetterError as error:
        assert error.reason == "missing_value", error.message
        return None


def seen(html: str) -> list[Any]:
    """A page as a reader meets it: elements in order with their attributes, styles as declarations, and the text."""
    root = etree.fromstring(html, etree.HTMLParser())
    found: list[Any] = []
    for node in root.iter():
        if isinstance(node.tag, str):
            attributes = dict(node.attrib)
            style = sorted(
                f"{name.strip()}:{ZERO.sub('0', value.strip())}"
                for name, _, value in (part.partition(":") for part in attributes.pop("style", "").split(";"))
                if value
            )
            for name in ("href", "src"):
                if name in attributes:
                    attributes[name] = unquote(attributes[name])
            found.append((node.tag, attributes, style, node.text or "", node.tail or ""))
        elif node.text and node.text.startswith("[if"):
            found.append((node.text, node.tail or ""))
        else:
            found.append(node.tail or "")
    return found


def words(text: str) -> list[str]:
    """What a text part says, however its lines are broken."""
    return re.findall(r"\w+", unquote(text).replace("https:", " https:"))
