"""Every rule finds what breaks it, and keeps quiet about what only looks alike."""

from __future__ import annotations

import pytest

from engine.model.problem import Severity
from engine.templating.lint.proofread import explain
from engine.templating.lint.table import RULES
from tests.templating.lint.cases import CASES, GOOD, Draft

NAMES = [f"{code}-{number}" for number, (code, *_) in enumerate(CASES)]


def test_a_good_letter_has_nothing_to_say_about_it() -> None:
    assert GOOD.findings() == []


@pytest.mark.parametrize(("code", "level", "broken"), [case[:3] for case in CASES], ids=NAMES)
def test_a_broken_letter_is_found_at_its_level(code: str, level: Severity, broken: Draft) -> None:
    found = [finding for finding in broken.findings() if finding.code == code]
    assert level in {finding.level for finding in found}
    assert all(finding.message and finding.source for finding in found)


@pytest.mark.parametrize(("code", "near"), [(case[0], case[3]) for case in CASES], ids=NAMES)
def test_a_letter_that_only_looks_broken_passes(code: str, near: Draft) -> None:
    assert [finding for finding in near.findings() if finding.code == code] == []


def test_every_rule_has_a_case() -> None:
    assert {rule.code for rule in RULES} == {case[0] for case in CASES}


def test_every_rule_explains_itself_with_a_source() -> None:
    for rule in RULES:
        assert rule.source in explain(rule.code)
    assert explain("Z99") == ""


def test_rule_ids_are_unique() -> None:
    codes = [rule.code for rule in RULES]
    assert len(codes) == len(set(codes))
