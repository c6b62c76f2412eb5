"""Generates families of templates over every statement, with white space control, and people to render them for."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from markupsafe import Markup

from engine.templating.specialise import Personal

POSTS = [
    {"title": "Books & tea", "topic": "tea", "words": 120, "tags": ["a", "b"], "body": Markup("<p>One</p>")},
    {"title": "<Two>", "topic": "art", "words": 80, "tags": [], "body": Markup("<p>Two</p>\r\n")},
    {"title": "Three {{ x }}", "topic": "tea", "words": 0, "tags": ["c"], "body": Markup("{% if %}")},
]
STATIC: dict[str, Any] = {
    "title": "June {# & #} news {",
    "count": 3,
    "flag": True,
    "inherited": False,
    "off": False,
    "none_here": None,
    "safe": Markup("<b>bold</b>"),
    "posts": POSTS,
    "topics": ["tea", "art", "sea"],
    "company": {"name": "Acme & Sons", "items": "keyed"},
}
PERSONAL: dict[str, Any] = {
    "customer": Personal("customer"),
    "offer": {"title": "15% off", "code": Personal("offer.code"), "terms": ["x", Personal("offer.terms.1")]},
    "link": Personal("link"),
}
CONTEXT = {**STATIC, **PERSONAL}
# The same with the person's fields declared one by one, as a workspace declares them.
FIELDS = ("name", "tier", "interests", "age", "active")
DECLARED = {
    **CONTEXT,
    "customer": {field: Personal(f"customer.{field}") for field in FIELDS} | {"owner": None},
}


def person(**fields: Any) -> dict[str, Any]:
    """What stage 2 is given for one person."""
    code = fields.pop("code", "AB-1")
    return {
        "customer": {**fields, "owner": None},
        "offer": {"title": "15% off", "code": code, "terms": ["x", fields.get("name", "anyone")]},
        "link": f"https://x.example/{code}?a=1&b=2",
    }


PEOPLE = [
    person(name="Zoë <b>", tier="gold", interests=["tea", "sea"], age=41, active=True, code="<C>"),
    person(name="", tier="silver", interests=[], age=0, active=False),
    person(tier="gold", interests=["art"], age=3, active=True, name="{{ title }}"),
    person(interests=["tea"], active=False),
]

_WORDS = st.sampled_from(
    [
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
        "é",
    ]
)
_NAMES = ["x", "y", "z"]
_LOADED = [*_NAMES, "title", "count", "safe", "link", "flag"]
_PATHS = [
    "customer.name",
    "customer.tier",
    "customer.age",
    "customer.active",
    "customer.interests",
    "offer.code",
    "offer.title",
    "offer.terms[1]",
    "offer.terms[0]",
    "offer['code']",
    "company.name",
    "company.items",
    "company['items']",
    "posts[0].title",
    "posts[1].body",
    "posts[0].nothing",
    "customer.nothing",
    "customer.owner",
    "customer",
    "offer",
    "posts[count].title",
    "ns.v",
    "p.title",
    "p.topic",
    "loop.index",
    "loop.last",
]
_CONSTANTS = [
    "1",
    "0",
    "'a'",
    "'<i>'",
    '"it\'s"',
    "true",
    "none",
    "2.5",
    "-3",
    "'\\n'",
    "['tea', 'x']",
    "('q', 1)",
    "''",
]
_FILTERS = [
    "upper",
    "length",
    "default('d')",
    "default(title)",
    "default(customer.tier, true)",
    "safe",
    "e",
    "join(', ')",
    "first",
    "list",
    "trim",
    "replace('a', customer.tier)",
    "string",
    "int",
    "map('upper')",
    "plural('post')",
    "map(attribute='title')",
    "tojson",
]
_TESTS = [
    "defined",
    "none",
    "undefined",
    "string",
    "in(topics)",
    "eq(customer.tier)",
    "sameas(true)",
    "mapping",
]


_TEXTS = [
    "'a'",
    "'<i>'",
    '"it\'s"',
    "''",
    "title",
    "safe",
    "link",
    "x",
    "offer.code",
    "offer.title",
    "offer.terms[1]",
]
_TEXTS += [
    "customer.name|default('you')",
    "customer.tier",
    "company.name",
    "company['items']",
    "posts[0].title",
]
_TEXTS += [
    "posts[1].body",
    "customer.nothing|default(title)",
    "(p.title if p is mapping else 'p')",
    "(x|default('x'))",
    "y",
]
_NUMBERS = [
    "1",
    "0",
    "-3",
    "count",
    "customer.age|default(7)",
    "posts[0].words",
    "posts|length",
    "ns.n",
    "(loop.index if loop else 0)",
]
_NUMBERS += ["customer.interests|length", "offer.terms|length"]
_TRUTHS = [
    "flag",
    "off",
    "customer.active",
    "customer.name is defined",
    "x is defined",
    "(loop and loop.first)",
    "z",
    "p",
]
_LISTS = ["topics", "customer.interests", "posts|map(attribute='topic')|list", "offer.terms", "range(2)|list"]


@st.composite
def texts(draw: st.DrawFn, depth: int = 2) -> str:
    """An expression that is mostly a text."""
    if not depth or draw(st.integers(0, 2)) == 0:
        return draw(st.sampled_from(_TEXTS))
    a, b = draw(texts(depth - 1)), draw(texts(depth - 1))
    n, t, xs = draw(numbers(depth - 1)), draw(truths(depth - 1)), draw(lists(depth - 1))
    forms = [
        f"({a})|upper",
        f"({a})|e",
        f"({a})|safe",
        f"({a})|default({b}, true)",
        f"({a} ~ {b})",
        f"({a} + {b})",
    ]
    forms += [
        f"({a} if {t} else {b})",
        f"({a})|replace('a', {b})",
        f"({a})[1:]",
        f"({a})[:{n}]",
        f"({xs})|join({a})",
    ]
    forms += [
        f"m({a})",
        f"m(b={a})",
        f"k({a})",
        f"({a} ~ {n})",
        f"({a} or {b})",
        f"({a} and {b})",
        f"({a}).upper()",
    ]
    forms += [
        f"{{'k': {a}, 'j': {b}}}.k",
        f"({xs})|first|default({a})",
        f"({a})|trim|title",
        f"({xs})|tojson",
    ]
    forms += [
        f"('%s-%s' % ({a}, {n}))",
        f"({n})|plural('post', {a})",
        f"({a}, {b})[{t}|int]",
        f"dict(k={a})['k']",
    ]
    forms += [f"({a} if {t})", f"m({a}) ~ {b}", f"m({a})|upper", f"(m({a}) if {t} else {b})", f"w2({a}, {b})"]
    return draw(st.sampled_from(forms))


@st.composite
def numbers(draw: st.DrawFn, depth: int = 1) -> str:
    """An expression that is mostly a number."""
    if not depth:
        return draw(st.sampled_from(_NUMBERS))
    a, b = draw(numbers(depth - 1)), draw(numbers(depth - 1))
    forms = [
        a,
        f"({a} + {b})",
        f"({a} * {b})",
        f"(-({a}))",
        f"({draw(texts(depth - 1))})|length",
        f"({a} - {b})|abs",
    ]
    return draw(st.sampled_from([*forms, f"({a} ** 2)", f"({a} // 2 % 5)", f"[{a}, {b}]|max"]))


@st.composite
def truths(draw: st.DrawFn, depth: int = 1) -> str:
    """An expression that is mostly a condition."""
    if not depth:
        return draw(st.sampled_from(_TRUTHS))
    a, b, t = draw(texts(depth - 1)), draw(numbers(depth - 1)), draw(truths(depth - 1))
    forms = [
        t,
        f"({a} == 'gold')",
        f"({b} > 2)",
        f"({a} in {draw(lists(depth - 1))})",
        f"not ({t})",
        f"({a} is string)",
    ]
    forms += [
        f"({t} or {b} < 3)",
        f"({t} and {a})",
        f"(0 < {b} < 5)",
        f"({a} is defined)",
        f"({b} is divisibleby(2))",
    ]
    return draw(st.sampled_from(forms))


@st.composite
def lists(draw: st.DrawFn, depth: int = 1) -> str:
    """An expression that is mostly a list."""
    if not depth:
        return draw(st.sampled_from(_LISTS))
    a = draw(lists(depth - 1))
    forms = [
        f"[{draw(texts(depth - 1))}, 'b']",
        f"({a})[:{draw(numbers(depth - 1))}]",
        f"({a})|sort",
        f"({a})[::-1]",
    ]
    forms += [
        f"({a} + {draw(lists(depth - 1))})",
        f"({a})|map('upper')|list",
        f"({a})|reject('in', topics)|list",
    ]
    return draw(st.sampled_from(forms))


@st.composite
def expressions(draw: st.DrawFn, depth: int = 2) -> str:
    """Mostly a text, sometimes a number, now and then anything."""
    which = draw(st.integers(0, 24))
    if which == 0:
        return draw(anything(depth))
    return draw(texts(depth)) if which < 20 else draw(numbers(1) if which < 23 else truths(1))


@st.composite
def anything(draw: st.DrawFn, depth: int = 2) -> str:
    """An expression, often over something missing or of the wrong kind."""
    kinds = ["path", "path", "name", "constant"]
    if depth:
        kinds += [
            "filter",
            "filter",
            "binary",
            "compare",
            "logic",
            "test",
            "cond",
            "concat",
            "item",
            "call",
            "not",
        ]
        kinds += ["list", "chain", "slice"]
    kind = draw(st.sampled_from(kinds))
    if kind == "path":
        return draw(st.sampled_from(_PATHS))
    if kind == "name":
        return draw(st.sampled_from(_LOADED))
    if kind == "constant":
        return draw(st.sampled_from(_CONSTANTS))
    a = draw(anything(depth - 1))
    if kind == "filter":
        return f"({a})|{draw(st.sampled_from(_FILTERS))}"
    if kind == "not":
        return f"not ({a})"
    if kind == "test":
        negation = draw(st.sampled_from(["", "not "]))
        return f"({a} is {negation}{draw(st.sampled_from(_TESTS))})"
    if kind == "item":
        return f"({a})[{draw(st.sampled_from(['0', '-1', 'count', 'customer.age', repr('name'), 'customer.tier']))}]"
    if kind == "slice":
        return f"({a})[{draw(st.sampled_from(['1:', ':2', '::2', 'customer.age:', ':count', '-1:']))}]"
    if kind == "call":
        callee = draw(
            st.sampled_from(
                ["m(%s)", "m(b=%s)", "range(%s)|list", "('a,b,c').split(%s)", "dict(k=%s).k", "k(%s)"]
            )
        )
        return callee % a
    b = draw(anything(depth - 1))
    if kind == "binary":
        return f"({a} {draw(st.sampled_from(['+', '-', '*', '%', '//']))} {b})"
    if kind == "compare":
        return f"({a} {draw(st.sampled_from(['==', '!=', '<', '>=', 'in', 'not in']))} {b})"
    if kind == "logic":
        return f"({a} {draw(st.sampled_from(['and', 'or']))} {b})"
    if kind == "concat":
        return f"({a} ~ {b})"
    if kind == "list":
        return draw(
            st.sampled_from(["[%s, %s]", "(%s, %s)", "{'k': %s, 'j': %s}", "{'k': %s, 'j': %s}.k"])
        ) % (a, b)
    c = draw(st.sampled_from(["customer.active", "flag", "off", "customer.age > 5", "customer.name"]))
    if kind == "chain":
        return f"({a} < {b} < {c})"
    return f"({a} if {c} else {b})" if draw(st.booleans()) else f"({a} if {c})"


def _tag(draw: st.DrawFn, text: str) -> str:
    left = draw(st.sampled_from(["", "", "", "-", "+"]))
    right = draw(st.sampled_from(["", "", "", "-"]))
    return f"{{%{left} {text} {right}%}}"


_CONDITIONS = [
    "customer.active",
    "customer.age",
    "customer.tier == 'gold'",
    "not customer.active",
    "flag",
    "off",
    "customer.name is defined",
    "x",
    "x is defined",
    "p",
    "'tea' in customer.interests",
    "posts",
    "loop and loop.first",
    "ns.n > 1",
]
_ITERABLES = [
    "posts",
    "customer.interests",
    "topics",
    "[customer.name, 'b']",
    "[1, 2]",
    "posts[:2]",
    "x",
    "offer.terms",
    "customer.interests or topics",
    "range(2)",
    "posts|map(attribute='topic')",
    "customer",
    "[]",
    "ns.v",
    "customer.name|default('')",
]
_MEMBERS = [
    "ns.n = ns.n + 1",
    "ns.n = customer.age|default(2)",
    "ns.n = 5",
    "ns.v = ns.v ~ title",
    "ns.v = customer.tier",
]
_MEMBERS += ["ns.v = m(ns.v)", "ns.n = ns.n + count"]
_LOOP_TESTS = [
    "p != 'art'",
    "p.topic in customer.interests",
    "p in customer.interests",
    "customer.active",
    "p",
    "flag",
]
_LOOP_TESTS += ["p is string or p.words", "ns.n > 0", "p is in(customer.interests)"]


@st.composite
def statements(draw: st.DrawFn, depth: int = 3, blocks: list[str] | None = None) -> str:
    """One statement with its body."""
    kinds = ["text", "output", "output", "set", "nsset"]
    if depth:
        kinds += [
            "if",
            "if",
            "if",
            "for",
            "for",
            "setblock",
            "with",
            "filter",
            "call",
            "include",
            "autoescape",
            "macro",
        ]
        kinds += ["import", "super"]
        if blocks:
            kinds += ["block", "block"]
    kind = draw(st.sampled_from(kinds))
    if kind == "text":
        return draw(_WORDS)
    if kind == "output":
        left, right = draw(st.sampled_from(["", "", "-"])), draw(st.sampled_from(["", "", "-"]))
        return f"{{{{{left} {draw(expressions())} {right}}}}}"
    name = draw(st.sampled_from(_NAMES))
    if kind == "set":
        if draw(st.integers(0, 5)) == 0:
            return _tag(draw, f"set x, y = {draw(expressions(1))}, {draw(expressions(1))}")
        return _tag(draw, f"set {name} = {draw(expressions())}")
    if kind == "nsset":
        return _tag(draw, f"set {draw(st.sampled_from(_MEMBERS))}")
    if kind == "include":
        which = draw(
            st.sampled_from(["'part.html'", "'part.html' without context", "['no.html', 'part.html']"])
        )
        return _tag(draw, f"include {which}")
    if kind == "import":
        return _tag(
            draw,
            draw(
                st.sampled_from(["from 'macros.html' import m", "from 'macros.html' import k with context"])
            ),
        )
    if kind == "super":
        return draw(
            st.sampled_from(
                ["{{ super() if super }}", "{{ self.one() if inherited }}", "{{ caller() if caller }}"]
            )
        )

    def body(inner: int = depth - 1) -> str:
        return draw(bodies(inner, blocks))

    if kind == "block":
        assert blocks is not None
        which = blocks.pop()
        scoped = draw(st.sampled_from(["", " scoped"]))
        return f"{_tag(draw, f'block {which}{scoped}')}{body()}{_tag(draw, 'endblock')}"
    if kind == "if":
        text = _tag(draw, f"if {draw(st.sampled_from(_CONDITIONS))}") + body()
        if draw(st.booleans()):
            text += _tag(draw, f"elif {draw(st.sampled_from(_CONDITIONS))}") + body()
        if draw(st.booleans()):
            text += _tag(draw, "else") + body()
        return text + _tag(draw, "endif")
    if kind == "for":
        test = f" if {draw(st.sampled_from(_LOOP_TESTS))}" if draw(st.integers(0, 2)) == 0 else ""
        text = _tag(draw, f"for p in {draw(st.sampled_from(_ITERABLES))}{test}") + body()
        if draw(st.booleans()):
            text += _tag(draw, "else") + body()
        return text + _tag(draw, "endfor")
    if kind == "setblock":
        chain = draw(st.sampled_from(["", "", " | upper", " | replace('a', customer.tier)", " | upper"]))
        return f"{_tag(draw, f'set {name}{chain}')}{body()}{_tag(draw, 'endset')}"
    if kind == "with":
        return f"{_tag(draw, f'with {name} = {draw(expressions(1))}')}{body()}{_tag(draw, 'endwith')}"
    if kind == "filter":
        chain = draw(st.sampled_from(["upper", "trim", "replace('a', customer.tier)", "e", "upper|trim"]))
        return f"{_tag(draw, f'filter {chain}')}{body()}{_tag(draw, 'endfilter')}"
    if kind == "call":
        called = draw(st.sampled_from(["m('c')", "m(customer.name)", "k(1)", "w()"]))
        return f"{_tag(draw, f'call {called}')}{body()}{_tag(draw, 'endcall')}"
    if kind == "macro":
        return f"{_tag(draw, 'macro m(a=1, b=customer.tier)')}{body()}{{{{ caller() if caller }}}}{_tag(draw, 'endmacro')}"
    flag = draw(st.sampled_from(["true", "false"]))
    return f"{_tag(draw, f'autoescape {flag}')}{body()}{_tag(draw, 'endautoescape')}"


@st.composite
def bodies(draw: st.DrawFn, depth: int = 3, blocks: list[str] | None = None) -> str:
    """Several statements; `blocks`: names of blocks not yet used."""
    return "".join(draw(st.lists(statements(depth, blocks), min_size=1, max_size=4)))


_PRELUDE = (
    "{% set ns = namespace(v='v', n=1) %}{% set x, y, z = 'X', 'Y', 0 %}"
    "{% macro m(a='A', b='d') %}<{{ a }}{% if b == 'gold' %}!{% endif %}{{ b }}>{{ caller() if caller }}{% endmacro %}"
    "{% macro w() %}({{ caller() if caller else '-' }}|{{ y }}){% endmacro %}"
    "{% macro w2(a, b) %}{% set t = a ~ b %}{% if a %}{% set t = b|upper %}{% endif %}{{ t }}{{ ns.n }}{% endmacro %}"
    "{% from 'macros.html' import k %}"
)


@st.composite
def families(draw: st.DrawFn) -> dict[str, str]:
    """Templates by name; `main.html` is rendered."""
    inherits = draw(st.booleans())
    one, two = draw(bodies(2)), draw(bodies(1))
    base = (
        _PRELUDE + f"<html>{{% block one %}}{one}{{% endblock %}}{{% for p in posts %}}"
        f"{{% block two scoped %}}{two}{{% endblock %}}{{% endfor %}}</html>\n"
    )
    main = draw(bodies(3, ["one", "two"] if inherits else ["one"]))
    return {
        "main.html": ("{% extends 'base.html' %}" if inherits else "") + _PRELUDE + main,
        "base.html": base,
        "part.html": draw(bodies(1)),
        "macros.html": "{% set y = customer.name if customer else 'mod' %}{% macro m(a=2, b=3) %}"
        + draw(bodies(1))
        + "{{ caller() if caller }}{% endmacro %}{% macro k(a) %}{{ a }}{{ y }}{{ caller() if caller }}{% endmacro %}",
    }
