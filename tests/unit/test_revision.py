"""What a campaign is made of: everything that changes its letters changes its revision, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.app.revision import Revision, revision
from engine.definitions.workspace import load
from tests.acceptance.conftest import Desk, laid_out

BASE = "<html><body>{% block body %}{% endblock %}{% include 'foot.html' %}</body></html>"
MACROS = "{% macro shout(word) %}<b>{{ word }}</b>{% endmacro %}"
CHILD = "{% extends 'base.html' %}{% import 'macros.html' as m %}{% block body %}{{ m.shout('hi') }}{% endblock %}"


@pytest.fixture
def house(tmp_path: Path) -> Desk:
    """A campaign whose template inherits, includes and imports, and whose segment refers to another."""
    made = laid_out(tmp_path / "workspace")
    for name, text in {
        "base.html": BASE,
        "macros.html": MACROS,
        "foot.html": "<p>foot</p>",
        "letter.html": CHILD,
    }.items():
        made.write(f"templates/{name}", text)
    made.write("templates/signatures/team.md", "The team")
    made.edit("config/senders.yaml", "name: Reading Room,", "name: Reading Room, signature: team.md,")
    made.edit(
        "config/segments.yaml",
        "all: [ { subscribed: newsletter } ]\n  open",
        "all: [ { segment: fond } ]\n  fond: { title: Fond of us, all: [ { subscribed: newsletter } ] }\n  open",
    )
    return made


def of(house: Desk) -> Revision:
    workspace, _ = load(house.root)
    assert workspace is not None
    return revision(workspace, workspace.campaigns["digest"])


@pytest.mark.parametrize(
    ("file", "before", "after", "part"),
    [
        ("templates/base.html", "<body>", "<body class='x'>", "templates/base.html"),
        ("templates/foot.html", "foot", "feet", "templates/foot.html"),
        ("templates/macros.html", "<b>", "<i>", "templates/macros.html"),
        ("templates/signatures/team.md", "The team", "All of us", "team.md of sender team"),
        ("config/segments.yaml", "Fond of us", "Very fond", "segment fond (config/segments.yaml)"),
        ("config/senders.yaml", "otherwise: team", "otherwise: priya", "account-owner (config/senders.yaml)"),
        ("config/feeds.yaml", "backfill: 9", "backfill: 8", "feed blog (config/feeds.yaml)"),
        ("config/project.yaml", "Our monthly letter", "Our letter", "config/project.yaml"),
        ("config/project.yaml", "letters.reading", "post.reading", "config/project.yaml"),
        ("campaigns/digest.yaml", "pick: 5", "pick: 4", "campaigns/digest.yaml"),
    ],
)  # fmt: skip
def test_what_changes_letters_changes_the_revision(
    house: Desk, file: str, before: str, after: str, part: str
) -> None:
    first = of(house)
    house.edit(file, before, after)
    second = of(house)
    assert str(first) != str(second)
    assert list(second.changes_since(first.parts)) == [f"{part} changed"]


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("campaigns/digest.yaml", "status: active", "status: paused"),
        ("campaigns/digest.yaml", "intent: give\n", "intent: give   # a remark\nx-why: a note\n"),
        ("config/segments.yaml", "Our two best", "The two best"),
        ("config/project.yaml", "Offers now and then", "Offers"),
        ("config/project.yaml", "a-key-for-tests-only", "another-key-for-tests"),
        ("people.csv", "Ana", "Anna"),
    ],
)
def test_what_does_not_does_not(house: Desk, file: str, before: str, after: str) -> None:
    first = of(house)
    house.edit(file, before, after)
    assert str(of(house)) == str(first)


def test_a_template_named_by_a_value_may_be_any_of_them(house: Desk) -> None:
    house.write("templates/unused.html", "one")
    first = of(house)
    assert "templates/unused.html" not in first.parts
    house.edit("templates/foot.html", "foot", "{% include campaign.id ~ '.html' %}")
    assert "templates/unused.html" in of(house).parts


def test_new_and_gone_parts_are_told_apart(house: Desk) -> None:
    first = of(house)
    house.edit("campaigns/digest.yaml", "  offer: come-back-15\n", "")
    assert "offer come-back-15 (config/offers.yaml) is gone" in list(of(house).changes_since(first.parts))
    second = of(house)
    assert "offer come-back-15 (config/offers.yaml) is new" in list(first.changes_since(second.parts))


def test_a_subject_that_includes_is_made_of_what_it_includes(house: Desk) -> None:
    house.write("templates/words.txt", "good words")
    house.edit("campaigns/digest.yaml", "} reads", "} {% include 'words.txt' %}")
    assert "templates/words.txt" in of(house).parts
