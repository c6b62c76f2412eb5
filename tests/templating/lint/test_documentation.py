"""The page for template writers knows every rule, macro and block there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.templating.lint.table import RULES, Rule

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "howto" / "write-a-template.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_is_documented(rule: Rule) -> None:
    assert f"| {rule.code} | {rule.level} | {rule.asks} | {rule.source} |" in PAGE


def test_every_macro_and_block_is_documented() -> None:
    pieces = (ROOT / "templates" / "pieces.html").read_text(encoding="utf-8")
    base = (ROOT / "templates" / "base.html").read_text(encoding="utf-8")
    for name in re.findall(r"{% macro (\w+)\(", pieces):
        assert f"`{name}(" in PAGE
    for name in re.findall(r"{% block (\w+) %}", base):
        assert f"`{name}`" in PAGE


def test_the_smallest_letter_of_the_page_is_a_good_letter() -> None:
    from jinja2 import ChoiceLoader, DictLoader, FileSystemLoader

    from engine.model.problem import Severity
    from engine.templating.environment import make_environment
    from tests.example.letters import inlined, proofread
    from tests.example.people import sample_names

    found = re.search(r"```html\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    loader = ChoiceLoader(
        [DictLoader({"smallest.html": found.group(1)}), FileSystemLoader(ROOT / "templates")]
    )
    names = sample_names()
    html = inlined(make_environment(None, loader=loader).get_template("smallest.html").render(**names))
    assert "the last jar went to you" in html
    assert [finding for finding in proofread(html, names) if finding.level is not Severity.NOTE] == []
