"""What a template reads is known without making a letter: through loops, macros, imports and includes."""

from __future__ import annotations

import pytest
from jinja2 import DictLoader

from engine.templating.environment import make_environment
from engine.templating.uses import Use, uses_in_templates, uses_in_text

PIECES = (
    "{% macro card(post, sender='x') %}{{ post.titel }}{{ sender.nam }}{{ inner(post) }}{% endmacro %}"
    "{% macro inner(one) %}\n{{ one.topik }}{% endmacro %}{% macro unused(x) %}{{ x.y }}{% endmacro %}"
)
TEMPLATES = {
    "loop": "{% for post in posts %}{{ post.titel }}{% endfor %}",
    "slice": "{% for post in posts[1:] | reverse %}{% for tag in post.topics %}{{ tag }}{% endfor %}{% endfor %}",
    "never": "{% if customer.tier == 'none' %}\n\n{{ custmer.name | default('x') }}{% endif %}",
    "set": "{% set best = posts | first %}{% with again = best %}{{ again.titel }}{% endwith %}",
    "twice": "{% set who = customer %}{% if off %}{% set who = sender %}{% endif %}{{ who.nam }}",
    "unknown": "{% set who = customer or sender %}{{ who.nam }}{{ (posts | map('upper') | first).titel }}",
    "attribute": "{{ posts | map(attribute='titel') | join }}{{ posts | selectattr('topik') | list }}",
    "macro": "{% import 'pieces' as pieces %}{{ pieces.card(posts[0], sender=sender) }}{{ sender.email }}",
    "pieces": PIECES,
    "include": "{% for post in posts %}{% include 'included' %}{% endfor %}",
    "included": "{{ post.titel }}",
    "item": "{{ customer['first_nam'] }}{{ posts[0]['titel'] }}{{ posts[customer.age].titel }}",
    "method": "{{ customer.name.upper() }}{{ namespace(a=customer.x).a }}{{ loop.index }}{{ range(3) }}",
    "tested": "{% if nickname %}{{ nickname }}{% endif %}{{ other is defined }}",
}


def read(name: str) -> set[str]:
    environment = make_environment(None, loader=DictLoader(TEMPLATES))
    return {
        "|".join(".".join(path) for path in use.paths) + ("?" if use.tested else "")
        for use in uses_in_templates(environment, [name])
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    {
        "loop": {"posts", "posts.[].titel"},
        "slice": {"posts", "posts.[].topics", "posts.[].topics.[]"},
        "never": {"customer.tier?", "custmer.name?"},
        "set": {"posts", "posts.[]", "posts.[].titel"},
        "twice": {"customer", "sender", "off?", "customer.nam|sender.nam"},
        "unknown": {"customer?", "sender?", "posts"},
        "attribute": {"posts", "posts.[].titel", "posts.[].topik"},
        "macro": {"posts.[]", "sender", "sender.email", "posts.[].titel", "sender.nam", "posts.[].topik"},
        "include": {"posts", "posts.[]", "posts.[].titel"},
        "item": {"customer.first_nam", "posts.[].titel", "customer.age"},
        "method": {"customer.name.upper", "customer.x"},
        "tested": {"nickname?", "nickname", "other?"},
    }.items(),
)
def test_what_a_template_reads(name: str, expected: set[str]) -> None:
    assert read(name) - {"posts.[]"} == expected - {"posts.[]"}


def test_a_use_knows_its_file_and_line() -> None:
    environment = make_environment(None, loader=DictLoader(TEMPLATES))
    uses = uses_in_templates(environment, ["macro"])
    assert Use((("posts", "[]", "topik"),), "pieces", 2) in uses
    assert Use((("custmer", "name"),), "never", 3, True) in uses_in_templates(environment, ["never"])


def test_a_text_of_its_own_and_one_that_cannot_be_read() -> None:
    environment = make_environment(None)
    assert uses_in_text(environment, "Hi {{ customer.nam }}") == [Use((("customer", "nam"),), "", 1)]
    assert uses_in_text(environment, "Hi {{ customer.nam") == []
