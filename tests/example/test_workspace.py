"""The example house hangs together: its files load, and its people, posts and orders fit each other."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal

from engine.definitions.checks.everything import load_and_check
from engine.model.problem import Severity
from tests.example.people import WORKSPACE, sample_posts

SAMPLE = WORKSPACE / "config" / "sample"
RESERVED = (".example", "@example.com", "@example.org", "@example.net")  # RFC 2606


def rows(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_workspace_has_no_errors_and_nothing_that_send_refuses() -> None:
    workspace, problems = load_and_check(WORKSPACE, environment={"POSTMARK_TOKEN": "not-a-token"})
    assert workspace is not None
    assert [problem for problem in problems if problem.severity is not Severity.NOTE] == []
    assert set(workspace.campaigns) == {
        "a-word-from-us", "best-customers-note", "come-back-offer", "hand-over", "monthly-digest", "office-refill",
        "platinum-calls", "small-surprise", "still-want-this", "welcome",
    }  # fmt: skip


def test_every_customer_has_a_reserved_address_of_their_own() -> None:
    addresses = [row["E-mail"] for row in rows("customers.csv")]
    assert len(addresses) == len(set(addresses)) >= 230
    assert all(address.endswith(RESERVED) for address in addresses)


def test_some_customers_lack_what_letters_like_to_use() -> None:
    people = rows("customers.csv")
    for column in ("Given name", "Time zone", "Interests", "Looked after by", "Topics"):
        missing = sum(1 for row in people if not row[column])
        assert 0 < missing < len(people)


def test_owners_topics_and_interests_name_things_that_exist() -> None:
    workspace, _ = load_and_check(WORKSPACE, environment={})
    assert workspace is not None
    assert workspace.project is not None
    written = {topic for post in sample_posts() for topic in post["topics"]}
    for row in rows("customers.csv"):
        assert row["Looked after by"] in {"", *workspace.senders}
        assert set(filter(None, row["Topics"].split(";"))) <= set(workspace.project.topics)
        assert set(filter(None, row["Interests"].split(";"))) <= written


def test_what_a_customer_spent_is_the_sum_of_their_orders() -> None:
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for order in rows("events/order_placed.csv"):
        spent[order["customer_id"]] += Decimal(order["amount"])
    people = {row["Customer"]: Decimal(row["Spent"]) for row in rows("customers.csv")}
    assert set(spent) <= set(people)
    assert {key: total for key, total in people.items() if total} == spent


def test_every_complaint_closed_was_opened_before() -> None:
    opened = {
        row["complaint"]: (row["customer_id"], row["at"]) for row in rows("events/complaint_opened.csv")
    }
    closed = rows("events/complaint_closed.csv")
    assert 0 < len(closed) < len(opened)
    for row in closed:
        customer, moment = opened[row["complaint"]]
        assert row["customer_id"] == customer
        assert row["at"] > moment


def test_posts_have_stable_ids_and_pictures_the_workspace_holds() -> None:
    posts = sample_posts()
    assert len(posts) == len({post["id"] for post in posts}) == 9
    pictures = [post["image"].rsplit("/", 1)[1] for post in posts if post["image"]]
    assert pictures
    assert all((SAMPLE / "images" / picture).is_file() for picture in pictures)


def test_signatures_of_all_senders_exist() -> None:
    workspace, _ = load_and_check(WORKSPACE, environment={})
    assert workspace is not None
    for sender in workspace.senders.values():
        assert sender.signature is not None
        assert (WORKSPACE / "templates" / "signatures" / sender.signature).read_text(encoding="utf-8").strip()
