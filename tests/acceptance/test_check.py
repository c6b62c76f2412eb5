"""`check` reads the finished letters too, says what is wrong at the template's line, and remembers what it has tried."""

from __future__ import annotations

from typing import Any

import pytest

from engine.flows.compose.trial import Trial
from tests.acceptance.conftest import DIGEST, OFFERS, TEMPLATE, Desk

FAULTS: dict[str, tuple[str, str, str, int]] = {
    # what: the template's words, what they become, the rule, the line of the template
    "picture": ("<p>{{ post.summary }}</p>", '<p>{{ post.summary }}</p><img src="{{ post.url }}.png">', "I01", 7),
    "pale words": ("<h1>Hello", '<h1 style="color: #eeeeee">Hello', "A05", 5),
    "small words": ("<p>Thank", '<p style="font-size: 9px">Thank', "A06", 6),
    "bare link": ("{{ post.url }}", "www.reading.example", "K01", 7),
    "script": ("<p>{{ sender", '<script>alert("hello")</script><p>{{ sender', "C01", 9),
    "no way out": ('<a href="{{ unsubscribe_url }}">Unsubscribe</a>', "", "K03", 0),
    "no address": (", {{ company.address }}", "", "K05", 0),
    "no code": ("<strong>{{ offer.code }}</strong>", "on us", "V03", 0),
}  # fmt: skip


def errors(desk: Desk) -> list[Any]:
    answer = desk.run("check", "--json")
    found = [problem for problem in answer.json if problem["severity"] == "error"]
    assert answer.code == (1 if found else 0)
    return found


@pytest.mark.parametrize("fault", FAULTS)
def test_the_linters_errors_stand_at_the_templates_line_and_stop_the_send(desk: Desk, fault: str) -> None:
    before, after, code, line = FAULTS[fault]
    desk.filled().edit("templates/letter.html", before, after)
    assert (code, "templates/letter.html", line) in {
        (problem["code"], problem["file"], problem["line"]) for problem in errors(desk)
    }
    sent = desk.run("send", "digest")
    assert sent.code == 1
    assert f"error[{code}]" in sent.err
    assert not desk.letters()
    assert desk.json("runs") == []


NAMES = {
    # what the template says where no sample letter comes: the name, its line, what to say instead
    "{% if customer.tier == 'none' %}{{ customer.first_nam }}{% endif %}": ("customer.first_nam", "customer.first_name"),
    "{% if customer.tier == 'none' %}{{ custmer.tier }}{% endif %}": ("custmer", "customer"),
    "{% for one in posts %}{% if one.title == '?' %}{{ one.titel }}{% endif %}{% endfor %}": ("posts[0].titel", "posts[0].title"),
    "{% macro by(who) %}{% if who.title == '?' %}{{ who.nam }}{% endif %}{% endmacro %}{{ by(sender) }}": ("sender.nam", "sender.name"),
    "{{ customer.first_nam | default('you') }}": ("customer.first_nam", "customer.first_name"),
    "{{ compny.name }}": ("compny", "company"),
}  # fmt: skip


@pytest.mark.parametrize("words", NAMES)
def test_a_name_nobody_has_is_found_once_where_no_letter_comes(desk: Desk, words: str) -> None:
    wrong, meant = NAMES[words]
    desk.filled().edit("templates/letter.html", "<p>{{ sender", words + "<p>{{ sender")
    (problem,) = errors(desk)
    assert (problem["code"], problem["file"], problem["line"]) == ("T003", "templates/letter.html", 9)
    assert problem["message"] == f"there is no `{wrong}`"
    assert problem["help"] == f"did you mean `{meant}`?"


def test_a_name_a_template_asks_for_may_be_missing(desk: Desk) -> None:
    words = "{% if nickname %}{{ nickname }}{% endif %}"
    desk.filled().edit("templates/letter.html", "<p>{{ sender", words + "<p>{{ sender")
    assert errors(desk) == []


def test_the_linters_warnings_are_shown_and_stop_nothing(desk: Desk) -> None:
    desk.filled().edit("templates/letter.html", "{{ post.url }}", "http://blog.example/")
    assert any(
        (problem["code"], problem["severity"], problem["line"]) == ("K01", "warning", 7)
        for problem in desk.json("check")
    )
    assert desk.json("send", "digest")["accepted"] == 3


def test_a_fault_only_people_without_values_would_see_is_found(desk: Desk) -> None:
    desk.edit(
        "templates/letter.html", "{% if customer.tier == 'gold' %}", "{% if customer.tier is defined %}"
    )
    desk.edit(
        "templates/letter.html",
        "so long.</p>{% endif %}",
        "so long.</p>{% else %}<img src='https://a.example/b.png'>{% endif %}",
    )
    assert [(problem["code"], problem["line"]) for problem in errors(desk)] == [("I01", 6)]


def test_what_is_wrong_with_the_subject_stands_in_the_campaign(desk: Desk) -> None:
    desk.edit(
        "campaigns/digest.yaml",
        "subject: \"{{ customer.first_name | default('Hello') }}",
        'subject: "RE: THE',
    )
    found = [problem for problem in desk.json("check") if problem["code"] == "H01"]
    assert {(problem["file"], problem["line"]) for problem in found} == {("campaigns/digest.yaml", 13)}


def test_codes_that_could_be_guessed_are_found_at_their_line(desk: Desk) -> None:
    desk.filled().write(
        "config/offers.yaml", OFFERS.replace("####-####", "###-###").replace("limit: 50", "limit: 1000")
    )
    (problem,) = errors(desk)
    assert (problem["file"], problem["line"]) == ("config/offers.yaml", 4)
    assert "1,000 codes need at least" in problem["help"]
    assert desk.run("send", "digest").code == 1


def test_letters_that_did_not_change_are_not_made_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def watched(trial: Trial, name: str) -> Any:
        tried.append(name)
        return original(trial, name)

    original = Trial.problems
    monkeypatch.setattr(Trial, "problems", watched)
    desk.write("campaigns/second.yaml", DIGEST.replace("campaign: digest", "campaign: second"))
    first = desk.json("check")
    assert (desk.json("check"), sorted(tried)) == (first, ["digest", "second"])
    desk.edit("campaigns/second.yaml", "Monthly reading list", "Another title")
    desk.json("check")
    assert tried[2:] == ["second"]
    desk.write("templates/letter.html", TEMPLATE + "<!-- the end -->\n")
    desk.json("check")
    assert sorted(tried[3:]) == ["digest", "second"]
    (desk.root / ".touchbase" / "letters.json").write_text('{"digest": 5}', encoding="utf-8")
    desk.json("check")
    assert sorted(tried[5:]) == ["digest", "second"]
    desk.json("check", now="2026-11-24T09:00:00+00:00")
    assert sorted(tried[7:]) == ["digest", "second"]


def test_every_campaign_counts_broken_or_not(desk: Desk) -> None:
    desk.write("campaigns/second.yaml", "campaign: second\n\tstatus: draft\n")
    assert "2 campaigns, 1 error," in desk.run("check").out
