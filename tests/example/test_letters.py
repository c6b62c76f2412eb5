"""The starter letters stay good whatever the day brings: no picture, one post, eight, long titles, no name."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lxml import html as lxml_html

from engine.model.problem import Severity
from engine.templating.lint.structure import LARGE, STYLE_ROOM
from tests.example.letters import STARTERS, finished, proofread
from tests.example.people import sample_names, sample_posts

LONG = "A very long title that goes on about the weather, the kettle, the harbour and donaudampfschifffahrtsgesellschaft"


def bare(post: dict[str, Any]) -> dict[str, Any]:
    return post | {"image": "", "summary": "", "author": "", "topics": [], "topic": ""}


DAYS: dict[str, dict[str, Any]] = {
    "an ordinary day": {},
    "one post": {"posts": sample_posts()[:1]},
    "eight posts": {"posts": sample_posts()[:8]},
    "nine posts and ten": {"posts": [*sample_posts(), sample_posts()[0]]},
    "posts with nothing but a title": {"posts": [bare(post) for post in sample_posts()[:5]]},
    "very long titles": {"posts": [post | {"title": LONG, "summary": LONG * 8} for post in sample_posts()[:5]]},
    "titles in other scripts": {"posts": [post | {"title": "قهوة الصباح"} for post in sample_posts()[:3]]},
    "a customer without a first name": {"customer": {"email": "a@mail.example"}},
    "a customer whose first name is empty": {"customer": {"first_name": ""}},
    "a name from right to left": {"customer": {"first_name": "נועה"}},
    "a name with signs in it": {"customer": {"first_name": "<b>D'Andre & \"Co\"</b>"}},
    "a sender without a signature": {"sender": {"name": "Kettle & Page", "email": "a@mail.example", "signature": ""}},
    "an offer without a code, an end or terms": {
        "offer": {"title": "Coffee is on us", "code": "", "expires": None, "terms": "", "url": "https://shop.example.com/"}
    },
}  # fmt: skip


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("template", STARTERS)
def test_the_proof_reader_finds_nothing_to_correct(template: str, day: str) -> None:
    names = sample_names(**DAYS[day])
    found = proofread(finished(template, names), names)
    assert [finding for finding in found if finding.level is not Severity.NOTE] == []


def test_a_digest_without_an_offer_has_no_voucher() -> None:
    names = sample_names(offer=None)
    html = finished("digest.html", names)
    assert 'class="voucher"' not in html
    assert [finding for finding in proofread(html, names) if finding.level is not Severity.NOTE] == []


@pytest.mark.parametrize("template", STARTERS)
def test_letters_stay_far_below_what_gmail_cuts(template: str) -> None:
    html = finished(template, sample_names(posts=sample_posts()[:8]))
    assert len(html.encode()) < LARGE / 2
    styles = re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)
    assert sum(len(style.encode()) for style in styles) < STYLE_ROOM


@pytest.mark.parametrize("template", STARTERS)
def test_letters_hide_nothing_that_a_reader_needs(template: str) -> None:
    names = sample_names()
    page = lxml_html.document_fromstring(finished(template, names))
    links = {link.get("href") for link in page.iter("a")}
    assert {names["unsubscribe_url"], names["preferences_url"], names["web_url"]} <= links
    assert names["company"]["address"] in page.text_content()
    assert names["preheader"] in page.text_content()


def test_every_post_of_the_digest_is_linked_and_named() -> None:
    names = sample_names(posts=sample_posts()[:8])
    page = lxml_html.document_fromstring(finished("digest.html", names))
    for post in names["posts"]:
        assert post["title"] in page.text_content()
        assert post["url"] in {link.get("href") for link in page.iter("a")}


def test_the_note_looks_as_if_a_person_had_written_it() -> None:
    page = lxml_html.document_fromstring(finished("note.html", sample_names()))
    assert not list(page.iter("img", "h1", "h2", "button"))
    assert len(list(page.iter("a"))) == 3


def test_a_name_cannot_write_html() -> None:
    html = finished("digest.html", sample_names(customer={"first_name": "<b>D'Andre</b>"}))
    assert "<b>D'Andre" not in html
