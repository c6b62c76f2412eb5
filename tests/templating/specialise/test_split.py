"""What letters are made of is divided, not left whole: one small template for each way of writing them."""

from __future__ import annotations

import pytest

from engine.errors import TemplateError
from engine.templating.specialise import Residual
from tests.templating.specialise.agreement import check
from tests.templating.specialise.people import CONTEXT, DECLARED, PEOPLE

BASE = (
    "{% import 'macros.html' as pieces %}<html>{% block head %}<title>{{ title }}</title>{% endblock %}"
    "{% block body %}{{ pieces.greeting(customer) }}{% endblock %}{% include 'part.html' %}</html>"
)
PART = "<p>{{ company.name }}{% if customer.active %}, {{ customer.tier | default('') }}{% endif %}</p>"
MACROS = (
    "{% macro greeting(person) %}<p>Dear {{ person.name | default('you') }}</p>{% endmacro %}"
    "{% macro card(post) %}<td>{{ post.title }}{{ caller() }}</td>{% endmacro %}"
)
TEMPLATES = {
    "a default": "Dear {{ customer.name | default('friend', true) | title }},",
    "an attribute": "<a href='{{ link }}'{% if not customer.active %} title='again'{% endif %}>x</a>",
    "a decision": "{% if customer.tier == 'gold' %}a{% elif customer.age %}b{% else %}c{% endif %}",
    "known posts": "{% for p in posts %}<p>{{ loop.index }} {{ p.title }}</p>{% else %}none{% endfor %}",
    "chosen posts": "{% for p in posts if p.topic in customer.interests %}<p>{{ p.title }}</p>{% endfor %}",
    "interests": "{% for p in customer.interests %}{{ p }}{{ ', ' if not loop.last }}{% else %}all{% endfor %}",
    "loops in loops": "{% for p in customer.interests %}{% for q in posts %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
    "a count": "{% set ns = namespace(n=0) %}{% for p in posts %}{% if p.topic in customer.interests and ns.n < 1 %}"
    "{{ p.title }}{% set ns.n = ns.n + 1 %}{% endif %}{% endfor %}{{ ns.n }}",
    "stripes": "{% for p in posts %}<tr class='{{ loop.cycle('odd', 'even') }}'>{{ p.title }}</tr>{% endfor %}",
    "a cycler": "{% set row = cycler('odd', 'even') %}{% for p in posts %}{{ row.next() }}{{ customer.name }}{% endfor %}",
    "groups": "{% for p in posts %}{% if loop.changed(p.topic) %}<h2>{{ p.topic }}</h2>{% endif %}{{ p.title }}{% endfor %}",
    "a name set under a condition": "{% if customer.active %}{% set x = 'on' %}{% else %}{% set x = title %}{% endif %}{{ x }}",
    "a text set and shown": "{% if customer.age %}{% set box %}<p>{{ customer.name }}</p>{% endset %}{{ box }}{% endif %}",
    "a text set and filtered": "{% set box | upper %}{{ customer.name | default('x') }}{% endset %}{{ box }}",
    "a macro": "{% from 'macros.html' import greeting %}{{ greeting(customer) }}{{ greeting({'name': title}) }}",
    "a macro with a body": "{% from 'macros.html' import card %}{% for p in posts %}"
    "{% call card(p) %}{{ customer.tier | default('') }}{% endcall %}{% endfor %}",
    "inheritance": "{% extends 'base.html' %}{% block body %}<h1>{{ offer.code }}</h1>{{ super() }}{% endblock %}",
    "an offer": "{% if offer %}{{ offer.title }}: {{ offer.code }}{% for t in offer.terms %}{{ t }}{% endfor %}{% endif %}",
    "with": "{% with x = customer.age | default(3), y = title %}{{ x }}{{ y }}{{ x > 2 }}{% endwith %}",
    "a filtered stretch": "{% filter upper %}{{ customer.name | default('you') }} and {{ title }}{% endfilter %}",
    "a choice of markup": "{{ posts[0].body if customer.active else posts[1].body }}",
}


@pytest.mark.parametrize("context", [CONTEXT, DECLARED], ids=["whole customers", "declared fields"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_what_letters_are_made_of_is_divided(name: str, context: dict[str, object]) -> None:
    templates = {"main.html": TEMPLATES[name], "base.html": BASE, "part.html": PART, "macros.html": MACROS}
    residual = check(templates, context, PEOPLE)
    assert isinstance(residual, Residual), residual
    assert not residual.tags


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{% autoescape false %}{{ customer.name }}{% endautoescape %}", "autoescape"),
        ("{% extends customer.layout %}", "depends on the person"),
        ("{% set s = joiner() %}{% if customer.age %}{{ s() }}{% endif %}", "personal condition"),
        ("{% for p in customer.interests %}{{ loop.changed(p) }}{% endfor %}", "loop.changed"),
        (
            "{% set ns = namespace(n=1) %}{% for p in customer.interests if ns.n %}{{ p }}{% set ns.n = 0 %}{% endfor %}",
            "reads or changes",
        ),
        ("{% for p in posts recursive %}{{ p.title }}{% endfor %}", "recursive"),
    ],
)
def test_what_cannot_be_divided_says_why(source: str, reason: str) -> None:
    refusal = check({"main.html": source}, CONTEXT, PEOPLE)
    assert reason in getattr(refusal, "reason", ""), refusal


@pytest.mark.parametrize(
    "source",
    [
        "{% set ns = namespace(t='') %}{% for i in range(300) %}{% set ns.t = customer.tier ~ ns.t %}{% endfor %}",
        "{% set x = customer.age %}{{ " + "(" * 60 + "x" + " + 1)" * 60 + " }}",
        "{% macro m(n) %}{% if customer.age %}{% if n %}{{ m(n - 1) }}{% endif %}{% endif %}{% endmacro %}{{ m(22) }}",
    ],
)
def test_what_grows_without_bounds_is_left_whole_or_kept_short(source: str) -> None:
    assert not isinstance(check({"main.html": source}, CONTEXT, PEOPLE), TemplateError)
