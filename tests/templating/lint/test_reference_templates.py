"""Real templates of others: no rule may stumble over them, and the calibration of the reference holds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from engine.model.problem import Severity
from engine.templating.lint.finding import Facts
from engine.templating.lint.proofread import lint
from tests.corpus import corpus_path

pytestmark = pytest.mark.corpus


def codes(html: str) -> set[str]:
    """The rules of errors and warnings a transactional letter breaks."""
    found = lint(html, text="text", subject="A subject", facts=Facts(marketing=False))
    return {finding.code for finding in found if finding.level is not Severity.NOTE}


def pages(*folder: str) -> list[Path]:
    return sorted(
        path
        for path in corpus_path(*folder).rglob("*")
        if path.suffix in (".html", ".tpl") and path.is_file()
    )


@pytest.mark.parametrize("folder", ["postmark", "email-blueprints", "listmonk"])
def test_no_rule_stumbles_over_templates_of_others(folder: str) -> None:
    found = [
        lint(page.read_text("utf-8", "replace"), text="", subject="")
        for page in pages("templates", "shared", folder)
    ]
    assert len(found) >= 10
    assert all(found)


def test_the_inlining_vectors_are_read_without_an_error() -> None:
    for page in pages("css", "shared", "premailer"):
        assert lint(page.read_text("utf-8", "replace"), text="", subject="")


def test_postmark_passes_and_fails_where_the_calibration_says() -> None:
    letters = pages("templates", "shared", "postmark", "templates-inlined")
    counts = Counter(code for letter in letters for code in codes(letter.read_text("utf-8")))
    assert len(letters) == 33
    passed_by_all = {
        "S05",
        "S07",
        "W01",
        "W02",
        "C01",
        "C02",
        "C03",
        "C06",
        "I01",
        "I02",
        "I03",
        "A03",
        "A07",
        "D01",
        "D02",
    }
    assert {code: counts[code] for code in passed_by_all if counts[code]} == {}
    missed_by_all = {"S01", "S02", "S04", "O01", "A01", "A05"}
    assert {code: counts[code] for code in missed_by_all} == dict.fromkeys(missed_by_all, 33)


def test_inlining_changes_nothing_the_eye_sees() -> None:
    before = {page.parent: page for page in pages("templates", "shared", "postmark", "templates")}
    after = pages("templates", "shared", "postmark", "templates-inlined")
    eye = {"A04", "A05", "A06", "A07", "A08", "D03"}
    compared = 0
    for letter in after:
        twin = next(
            (page for folder, page in before.items() if folder.parts[-2:] == letter.parent.parts[-2:]), None
        )
        if twin is not None:
            compared += 1
            assert codes(letter.read_text("utf-8")) & eye == codes(twin.read_text("utf-8")) & eye, (
                letter.parent.name
            )
    assert compared == 33
