"""Some months of the two years on every commit, all by command; and that the checker finds out every kind of fault by itself."""

from __future__ import annotations

import ast
import random
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.corpus import corpus_path
from tests.two_years.__main__ import SAMPLE
from tests.two_years.checker import CHECKS, check
from tests.two_years.checker.floors import missed_on
from tests.two_years.checker.ledger import Event
from tests.two_years.checker.people import as_of, own_person
from tests.two_years.life import Trouble
from tests.two_years.mutations import MUTATIONS, Mutation
from tests.two_years.purchases import of_sample
from tests.two_years.runner import Story, live

PEOPLE, UNTIL = 60, date(2027, 7, 12)
"""What fits into a commit; all of the two years, and everybody, by command."""


@pytest.fixture(scope="module")
def story() -> Story:
    """The first months of made-up people, many of whom are handed to somebody else."""
    return live(1, PEOPLE, trouble=Trouble(handing=400, doing=60), end=UNTIL)


@pytest.mark.slow
def test_months_keep_every_promise(story: Story) -> None:
    assert not story.faults, "\n".join(map(str, story.faults[:20]))
    assert story.life.log.deaths
    assert set(story.intents) == {"give", "inform", "ask", "thank", "apologise", "sell", "service"}
    assert {"cap", "cadence", "balance", "hold", "unsubscribed", "owner_task"} <= set(story.skipped)
    owners = as_of(story.ledger, "owner_set")
    assert any(
        task.owner != own_person(story.ledger, owners(task.customer, task.created))
        for task in story.ledger.tasks
    ), "nobody's open task went along"


@pytest.mark.slow
def test_the_same_seed_writes_the_same_letters() -> None:
    first, second = (live(3, 40, end=date(2027, 2, 12)) for _ in range(2))
    assert len(first.ledger.mails) > 5
    assert first.print_of_it == second.print_of_it


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_each_kind_of_fault_is_found_out(story: Story, mutation: Mutation) -> None:
    found = check(mutation(story.ledger, random.Random(mutation.__name__)))
    assert MUTATIONS[mutation] in {fault.rule for fault in found}


@pytest.mark.parametrize(("day", "missed"), [(1, None), (2, date(2028, 11, 1))])
def test_on_the_day_of_a_change_either_tier_may_count(day: int, missed: date | None) -> None:
    changes = [
        Event(1, "tier_changed", datetime(2028, 3, 1, tzinfo=UTC), {"to": "platinum"}),
        Event(1, "tier_changed", datetime(2028, 11, day, 6, tzinfo=UTC), {"to": "gold"}),
    ]
    cadence = {
        "grace": "4 days",
        "platinum": {"at_least": "every month"},
        "otherwise": {"at_least": "every 2 months"},
    }
    ledger: Any = SimpleNamespace(policy={"cadence": cadence}, events_of=lambda name: {1: changes})
    begun, until = date(2028, 9, 27), date(2028, 11, 20)
    assert missed_on(ledger, 1, "hear_from_us", begun, until, drawn=False) == missed


def test_there_is_a_fault_for_each_rule() -> None:
    assert set(MUTATIONS.values()) == set(CHECKS)


@pytest.mark.slow
@pytest.mark.corpus
def test_the_customers_of_a_real_shop_are_kept_in_touch_with() -> None:
    purchases = of_sample(corpus_path(*SAMPLE), 150)
    story = live(2, 150, purchases=purchases, end=date(2027, 5, 31))
    assert not story.faults, "\n".join(map(str, story.faults[:20]))
    assert sum(story.intents.values()) > 500


def test_the_checker_shares_nothing_with_what_it_judges() -> None:
    for file in sorted((Path(__file__).parent / "checker").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            assert not [name for name in names if name.split(".")[0] in ("engine", "sqlalchemy")], file
            assert not [name for name in names if name.startswith("tests.") and ".checker" not in name], file
