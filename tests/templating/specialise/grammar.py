"""Generates families of templates over every statement and most expressions, with white space control.

Each line below is one way to write its kind; «kind» is replaced by one way to write that kind. Ways marked `+` are
used only where the template may still grow deeper, more often the more plus signs there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

WORDS = [
    "Hello ",
    "<p>",
    "\n",
    "  ",
    " & ",
    "{ ",
    "}",
    "text",
    "\n  \n",
    "a{ ",
    "%}",
    "<td class='",
    "'>",
    "\t",
]

EXPRESSIONS = {
    # Mostly a text.
    "text": r"""
        'a' | '<i>' | "it's" | '' | '\n' | title | safe | link | x | y | offer.code | offer.title | offer.terms[1]
        customer.name|default('you') | customer.tier | company.name | company['items'] | posts[0].title
        posts[1].body | customer.nothing|default(title) | (p.title if p is mapping else 'p') | (x|default('x'))
        loop.cycle('odd', 'even') if loop | ns.v | customer['tier'] | offer['code'] | link
        + («text»)|upper | («text»)|e | («text»)|safe | («text»)|default(«text», true) | («text» ~ «text»)
        + («text» + «text») | («text» if «truth» else «text») | («text» if «truth»)
        + («text»)|replace('a', «text»)
        + («text»)[1:] | («text»)[:«number»] | («list»)|join(«text») | («list»)|tojson | («text»).upper()
        + («text» ~ «number») | («text» or «text») | («text» and «text») | {'k': «text», 'j': «text»}.k
        + («list»)|first|default(«text») | («text»)|trim|title | ('%s-%s' % («text», «number»))
        + («number»)|plural('post', «text») | («text», «text»)[«truth»|int] | dict(k=«text»)['k']
        ++ m(«text») | m(b=«text») | k(«text») | w2(«text», «text») | m(«text») ~ «text» | m(«text»)|upper
        + (m(«text») if «truth» else «text») | k(m(«text»)) | w() | row.next() | sep() | macros.m(«text»)
    """,
    "number": """
        1 | 0 | -3 | count | customer.age|default(7) | posts[0].words | posts|length | ns.n | offer.terms|length
        (loop.index if loop else 0) | customer.interests|length | (loop.length if loop else 1) | topics|length
        + («number» + «number») | («number» * «number») | (-(«number»)) | («text»)|length | («number» - «number»)|abs
        + («number» ** 2) | («number» // 2 % 5) | [«number», «number»]|max
    """,
    "truth": """
        flag | off | customer.active | customer.name is defined | x is defined | (loop and loop.first) | z | p
        (loop and loop.changed(p)) | customer.tier == 'gold' | 'tea' in customer.interests | loop is defined
        + («text» == 'gold') | («number» > 2) | («text» in «list») | not («truth») | («text» is string)
        + («truth» or «number» < 3) | («truth» and «text») | (0 < «number» < 5) | («text» is defined)
        + («number» is divisibleby(2))
    """,
    "list": """
        topics | customer.interests | posts|map(attribute='topic') | offer.terms | range(2)|list | [] | [1, 2]
        + [«text», 'b'] | («list»)[:«number»] | («list»)|sort | («list»)[::-1] | («list» + «list»)
        + («list»)|map('upper') | («list»)|reject('in', topics) | («list»)|reverse | («list»)|batch(2)|first
    """,
    # Often missing, or of the wrong kind.
    "any": """
        customer.name | customer.tier | customer.age | customer.interests | offer.terms[0] | company.items
        posts[0].nothing | customer.nothing | customer.owner | customer | offer | posts[count].title | p.title
        p.topic | loop.index | loop.last | true | none | 2.5 | ['tea', 'x'] | ('q', 1) | «text» | «text»
        + («any»)|«filter» | («any»)|«filter» | («any» is «test») | («any» is not «test») | not («any») | [«any», «any»]
        + («any» «operator» «any») | («any» «operator» «any») | («any» and «any») | («any» or «any») | («any» ~ «any»)
        + («any» if customer.active else «any») | («any» if flag) | («any» < «any» < «any») | («any»)[«item»]
        + m(«any») | range(«any»)|list | 'a,b,c'.split(«any») | dict(k=«any»).k | {'k': «any», 'j': «any»}
    """,
    "filter": """
        upper | length | default('d') | default(title) | default(customer.tier, true) | safe | e | join(', ')
        first | list | trim | replace('a', customer.tier) | string | int | map('upper') | plural('post') | tojson
        map(attribute='title') | last | unique | items | dictsort | sum | slice(2)
    """,
    "test": "defined | none | undefined | string | in(topics) | eq(customer.tier) | sameas(true) | mapping",
    "operator": "+ | - | * | % | // | == | != | < | >= | in | not in",
    "item": "0 | -1 | count | customer.age | 'name' | customer.tier | 1: | :2 | ::2 | customer.age: | :count",
    "expression": "«text» | «text» | «text» | «text» | «text» | «text» | «number» | «truth» | «any»",
}
STATEMENTS = {
    "body": ["«statement»", "«statement»«statement»", "«statement»«statement»«statement»"],
    "statement": [
        "«word»",
        "{{«dash» «expression» «dash»}}",
        "{{ «expression» }}",
        "{%«o»set «name» = «expression»«c»}",
        "{%«o»set x, y = «expression», «expression»«c»}",
        "{%«o»set «member»«c»}",
        "+{%«o»if «condition»«c»}«body»{%«o»endif«c»}",
        "+{%«o»if «condition»«c»}«body»{%«o»else«c»}«body»{%«o»endif«c»}",
        "+{%«o»if «condition»«c»}«body»{%«o»elif «condition»«c»}«body»{%«o»endif«c»}",
        "+{%«o»for p in «iterable»«c»}«body»{%«o»endfor«c»}",
        "+{%«o»for p in «iterable» if «wanted»«c»}«body»{%«o»endfor«c»}",
        "+{%«o»for p in «iterable»«c»}«body»{%«o»else«c»}«body»{%«o»endfor«c»}",
        "+{%«o»for p in «iterable» if «wanted»«c»}«body»{%«o»else«c»}«body»{%«o»endfor«c»}",
        "+{%«o»for p, x in «pairs»«c»}«body»{%«o»endfor«c»}",
        "+{%«o»set «name»«c»}«body»{%«o»endset«c»}",
        "+{%«o»set «name» | «rewrite»«c»}«body»{%«o»endset«c»}",
        "+{%«o»with «name» = «expression»«c»}«body»{%«o»endwith«c»}",
        "+{%«o»filter «rewrite»«c»}«body»{%«o»endfilter«c»}",
        "+{%«o»call «called»«c»}«body»{%«o»endcall«c»}",
        "+{%«o»macro n(a=1, b=customer.tier)«c»}«body»{{ caller() if caller }}{%«o»endmacro«c»}{{ n(«expression») }}",
        "+{%«o»macro m(a, b=customer.tier)«c»}{{ a }}{{ caller() if caller }}{%«o»endmacro«c»}",
        "{%«o»include 'part.html'«c»}",
        "{%«o»include ['no.html', 'part.html']«c»}",
        "{%«o»from 'macros.html' import m«c»}",
        "{%«o»from 'macros.html' import k with context«c»}",
        "{{ super() if super }}",
        "{{ self.one() if inherited }}",
        "{{ caller() if caller }}",
        "+{%«o»block «block»«c»}«body»{%«o»endblock«c»}",
        "+{%«o»block «block» scoped«c»}«body»{%«o»endblock«c»}",
        "+{%«o»autoescape true«c»}«body»{%«o»endautoescape«c»}",
    ],
    "word": WORDS,
    "name": ["x", "y", "z"],
    "dash": ["", "", "", "-"],
    "o": [" ", " ", " ", "- ", "+ "],
    "c": [" %", " %", " %", " -%"],
    "member": [
        "ns.n = ns.n + 1",
        "ns.n = customer.age|default(2)",
        "ns.n = 5",
        "ns.v = ns.v ~ title",
        "ns.v = customer.tier",
        "ns.v = m(ns.v)",
        "ns.n = ns.n + count",
    ],
    "condition": [
        "«truth»",
        "«truth»",
        "customer.active",
        "not customer.active",
        "customer.age",
        "ns.n > 1",
        "x",
    ],
    "iterable": [
        "posts",
        "posts[:2]",
        "customer.interests",
        "customer.interests or topics",
        "customer.name|default('')",
        "[customer.name, 'b']",
        "offer.terms",
        "range(2)",
        "customer",
        "ns.v[:2]",
        "x[:3]",
        "«list»",
    ],
    "pairs": ["company|items", "customer|items", "[('a', customer.tier), (customer.name, 'b')]", "[[1, 2]]"],
    "wanted": [
        "p != 'art'",
        "p.topic in customer.interests",
        "p in customer.interests",
        "customer.active",
        "p",
        "flag",
        "p is string or p.words",
        "ns.n > 0",
    ],
    "rewrite": ["upper", "trim", "replace('a', customer.tier)", "e", "upper|trim"],
    "called": ["m('c')", "m(customer.name)", "k(1)", "w()"],
}
# What these say begins a level further down.
DEEPER = frozenset({"text", "number", "truth", "list", "any", "body"})
MARK = re.compile("«([a-z]+)»")
PRELUDE = (
    "{% set ns = namespace(v='v', n=1) %}{% set x, y, z = 'X', 'Y', 0 %}"
    "{% set row, sep = cycler('a', 'b'), joiner() %}"
    "{% macro m(a='A', b='d') %}<{{ a }}{% if b == 'gold' %}!{% endif %}{{ b }}>{{ caller() if caller }}{% endmacro %}"
    "{% macro w() %}({{ caller() if caller else '-' }}|{{ y }}){% endmacro %}"
    "{% macro w2(a, b) %}{% set t = a ~ b %}{% if a %}{% set t = b|upper %}{% endif %}{{ t }}{{ ns.n }}{% endmacro %}"
    "{% from 'macros.html' import k %}{% import 'macros.html' as macros %}"
)


def ways() -> dict[str, tuple[st.SearchStrategy[str], st.SearchStrategy[str]]]:
    """For each kind, how to write it at the deepest level and above."""
    found = {}
    for kind, lines in EXPRESSIONS.items():
        shallow: list[str] = []
        deep: list[str] = []
        for line in lines.strip().splitlines():
            plus = re.match(r"\s*(\+*) ", f" {line.strip()} ")
            times = len(plus[1]) if plus and kind != "operator" else 0
            parts = [part.strip() for part in line.strip()[times:].split(" | ")]
            deep += parts * (times or 1)
            shallow += [] if times else parts
        found[kind] = (st.sampled_from(shallow), st.sampled_from(deep))
    for kind, options in STATEMENTS.items():
        shallow = [option for option in options if not option.startswith("+")]
        deep = [option.removeprefix("+") for option in options]
        found[kind] = (st.sampled_from(shallow), st.sampled_from(deep))
    return found


WAYS = ways()


def write(draw: Callable[..., Any], kind: str, depth: int, blocks: list[str] | None) -> str:
    """One way to say it. `blocks`: names not used yet; None in a template that others use, which uses none itself."""
    if kind == "block":
        assert blocks
        return blocks.pop()
    way: str = draw(WAYS[kind][depth > 0])
    if ("«block»" in way and not blocks) or (".html'" in way and blocks is None):
        way = "«word»"
    return MARK.sub(lambda found: write(draw, found[1], depth - (found[1] in DEEPER), blocks), way)


def family(draw: Callable[..., Any], depth: int = 3) -> dict[str, str]:
    """Templates by name; `main.html` is rendered."""

    def body(depth: int, *blocks: str) -> str:
        return write(draw, "body", depth, list(blocks))

    def piece() -> str:
        # Whoever includes or imports it without context gives it no customer.
        return f"{{% if customer %}}{write(draw, 'body', depth - 2, None)}{{% endif %}}"

    inherits = draw(st.booleans())
    base = (
        f"{PRELUDE}<html>{{% block one %}}{body(depth - 1)}{{% endblock %}}{{% for p in posts %}}"
        f"{{% block two scoped %}}{body(depth - 1)}{{% endblock %}}{{% endfor %}}</html>\n"
    )
    plain = "{% include 'part.html' without context %}" if draw(st.booleans()) else ""
    main = plain + body(depth, "one", "two") + body(depth)
    return {
        "main.html": ("{% extends 'base.html' %}" if inherits else "") + PRELUDE + main,
        "base.html": base if inherits else "",
        "part.html": f"({piece()})",
        "macros.html": "{% set y = customer.name if customer else 'mod' %}{% macro m(a=2, b=3) %}{{ a }}"
        f"{piece()}{{{{ caller() if caller }}}}{{% endmacro %}}"
        "{% macro k(a) %}{{ a }}{{ y }}{{ caller() if caller }}{% endmacro %}",
    }


families = st.composite(family)
