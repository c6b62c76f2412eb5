"""F-09, F-55: templates that come to no end or grow without one are stopped by `check`, at their line."""

from __future__ import annotations

import resource

import pytest

from tests.acceptance.conftest import Desk

LOOPS = "{% for a in range(10000) %}\n{% for b in range(10000) %}{% endfor %}{% endfor %}"
DOUBLED = (
    "{% set ns = namespace(x='x' * 1000) %}\n{% for a in range(40) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
)
ITSELF = "{% macro m(n) %}\n{{ m(n) }}{% endmacro %}\n{{ m(1) }}"
PERSONAL = "{% for a in customer.email %}\n" + LOOPS + "{% endfor %}"
WHOLE = "{% macro m() %}\n" + LOOPS + "{{ customer.first_name }}{% endmacro %}{{ m() }}"


@pytest.mark.parametrize(
    ("stretch", "said", "lines"),
    [
        (LOOPS, "comes to no end", {1, 2}),
        (PERSONAL, "comes to no end", {2, 3}),
        (WHOLE, "comes to no end", {2, 3}),
        (ITSELF, "calls itself again and again", {1, 2, 3}),
        ("{% include 'letter.html' %}", "calls itself again and again", {1}),
    ],
    ids=["loops", "of a person", "in a macro", "a macro in itself", "a page in itself"],
)
def test_a_template_that_comes_to_no_end_is_told_at_its_line(
    desk: Desk, stretch: str, said: str, lines: set[int]
) -> None:
    desk.write("templates/letter.html", stretch)
    (problem, *_) = [each for each in desk.run("check", "--json").json if each["severity"] == "error"]
    assert said in problem["message"]
    assert problem["file"] == "templates/letter.html"
    assert problem["line"] in lines


def test_a_template_that_grows_without_end_takes_no_more_than_a_gigabyte(desk: Desk) -> None:
    desk.write("templates/letter.html", DOUBLED)
    process = desk.started("check", "--json", before=["sh", "-c", 'ulimit -v 6000000; exec "$@"', "sh"])
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert '"line": 2' in said
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2_000_000
