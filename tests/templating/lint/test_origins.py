"""Findings lead back to the tag of the template that made what they are about."""

from __future__ import annotations

from jinja2 import DictLoader

from engine.model.problem import Severity
from engine.templating.environment import make_environment
from engine.templating.lint.finding import Finding
from engine.templating.lint.origins import MarkingLoader, Origins, marked

TEMPLATES = {
    "base.html": "<!DOCTYPE html>\n<html>\n<style>\n.a { color: red }\n.b { }\n</style>\n<body>{% block body %}{% endblock %}</body></html>",
    "pieces.html": '{% macro card(post) %}\n<a href="{{ post }}"\n   title="see <b > this">\n  <img src="{{ post }}"></a>\n{% endmacro %}',
    "letter.html": "{% extends 'base.html' %}{% import 'pieces.html' as pieces %}\n{% block body %}\n"
    "{% set a, b = 1, 2 %}{% if a <b %}<p class='x'>{{ '<i >' }}</p>{% endif %}\n"
    "{% for post in posts %}{{ pieces.card(post) }}{% endfor %}\n{% endblock %}",
}


def rendered() -> tuple[str, list[str]]:
    loader = MarkingLoader(DictLoader(TEMPLATES))
    environment = make_environment(None, loader=loader)
    return environment.get_template("letter.html").render(posts=["u", "v"]), loader.files


def at(line: int, element: str) -> Finding:
    return Finding("X", Severity.ERROR, "", line=line, element=element)


def test_without_the_marks_the_letter_is_what_it_is_without_them() -> None:
    html, files = rendered()
    plain = make_environment(None, loader=DictLoader(TEMPLATES)).get_template("letter.html")
    assert Origins(html, files).html == plain.render(posts=["u", "v"])


def test_a_tag_made_by_a_macro_of_another_file_is_found_where_it_is_written() -> None:
    html, files = rendered()
    origins = Origins(html, files)
    line = next(n for n, text in enumerate(origins.html.splitlines(), 1) if 'src="v"' in text)
    origin = origins.of(at(line, "img"))
    assert origin is not None
    assert (origin.file, origin.line, origin.column) == ("pieces.html", 4, 3)


def test_a_tag_that_goes_over_several_lines_is_found_from_its_last() -> None:
    html, files = rendered()
    origins = Origins(html, files)
    line = next(n for n, text in enumerate(origins.html.splitlines(), 1) if "title=" in text)
    origin = origins.of(at(line, "a"))
    assert origin is not None
    assert (origin.file, origin.line) == ("pieces.html", 2)


def test_a_line_of_a_style_sheet_is_found_below_its_tag() -> None:
    html, files = rendered()
    origins = Origins(html, files)
    line = next(n for n, text in enumerate(origins.html.splitlines(), 1) if ".b {" in text)
    origin = origins.of(at(line, ""))
    assert origin is not None
    assert TEMPLATES[origin.file].splitlines()[origin.line - 1] == ".b { }"


def test_what_is_about_no_element_has_no_origin() -> None:
    html, files = rendered()
    assert Origins(html, files).of(at(0, "")) is None


def test_conditions_and_comments_of_the_template_are_not_taken_for_tags() -> None:
    source = "{% if a <b %}{# <p > #}{{ x <y }}<br />{% endif %}<{{ tag }} >a < b"
    assert marked(source, 7) == source.replace("<br", "<br data-written-at=7-1-34")
