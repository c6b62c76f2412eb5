"""The README and the quickstart do what they say: every command is run, its output compared."""

from __future__ import annotations

import re
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import yaml

from tests.acceptance.conftest import NOW, Desk, adds_up
from tests.docs.walk import ROOT, Command, Reader, steps

README = ROOT / "README.md"
QUICKSTART = ROOT / "docs" / "quickstart.md"


@pytest.mark.slow
def test_the_readme_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(README, sections=True) == 10
    house = Desk(tmp_path / "touchbase-demo")
    (run,) = house.json("runs")
    assert adds_up(run)
    letters = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in house.letters()]
    assert len(letters) == run["accepted"] > 150
    assert max(Counter(letter["To"] for letter in letters).values()) == 1
    page = (house.root / "letter.html").read_text(encoding="utf-8")
    pictures = re.findall(r'<img[^>]* src="([^"]+)"', page)
    assert pictures
    assert all((house.root / picture).is_file() for picture in pictures)


def test_the_quickstart_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(QUICKSTART) >= 15


def test_the_page_on_approving_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(ROOT / "docs" / "howto" / "approve-a-plan.md") >= 8


def test_the_page_on_the_rules_of_contact_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(ROOT / "docs" / "howto" / "policy.md") >= 12


def test_the_page_on_accounts_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(ROOT / "docs" / "howto" / "accounts.md") >= 8


def test_the_page_on_tiers_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(ROOT / "docs" / "howto" / "tiers.md") >= 10


def test_the_page_on_floors_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(ROOT / "docs" / "howto" / "nobody-forgotten.md") >= 5


def test_the_page_on_sunset_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(ROOT / "docs" / "howto" / "sunset.md") >= 18


def test_the_page_on_touches_by_people_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(ROOT / "docs" / "howto" / "touches.md") >= 8


def test_the_page_on_tasks_from_campaigns_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(ROOT / "docs" / "howto" / "tasks-from-campaigns.md") >= 8


def test_the_page_on_letters_from_a_person_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(ROOT / "docs" / "howto" / "owners.md") >= 5


def test_the_page_on_generosity_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(ROOT / "docs" / "howto" / "generosity.md") >= 6


def test_the_page_on_digests_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(ROOT / "docs" / "howto" / "digests.md") >= 9


def test_the_page_on_the_scoreboard_is_what_happens(tmp_path: Path) -> None:
    assert Reader(tmp_path, NOW).follow(ROOT / "docs" / "howto" / "scoreboard.md") >= 8


def test_the_readme_is_one_screen_and_a_half_and_shows_a_letter() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 120
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")
    first = next(step for step in steps(text) if isinstance(step, Command))
    assert first.words == "make demo"


def test_the_campaign_of_the_readme_is_the_examples_own() -> None:
    """Word for word, but for the lines the first screen has no room for."""
    shown = re.search(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    written = yaml.safe_load((ROOT / "campaigns" / "monthly-digest.yaml").read_text(encoding="utf-8"))
    told = yaml.safe_load(shown[1])
    content = told.pop("content")
    assert told == {key: written[key] for key in told}
    assert content == {key: written["content"][key] for key in content}


def test_the_makefile_has_what_the_pages_ask_for() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in (README, QUICKSTART):
        for target in re.findall(r"`?make (\w+)`?", page.read_text(encoding="utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    recipe = re.search(r"^demo:.*\n\t(.*)$", makefile, re.MULTILINE)
    assert recipe is not None
    assert recipe[1].endswith("touchbase demo")
