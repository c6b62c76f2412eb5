"""Pages inlined without their words and given them back are the pages inlined with their words, to the byte."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader

from engine.errors import TemplateError
from engine.templating.environment import make_environment
from engine.templating.inline import Inlined, inline, inline_directly, inline_residual, remembered
from engine.templating.safety import word_of
from engine.templating.skeleton import cut
from engine.templating.specialise import CannotSplit, Residual, specialise
from tests.corpus import CORPUS
from tests.templating.budget import tries
from tests.templating.program.test_divided import CONTEXT, page

WORDS = [
    "plain words", "a &amp; b", "AT&T", "a > b", "1 &lt; 2", "&nbsp;", "x\xa0y", "it's", '"quoted"', "é ü 日本", "👩‍👧", "&copy", "&copy;",
    "&#233;", "&unknown;", "tab\there", "\n two\n lines ", "{{ x }}", "&", "&#0;", "x&lt;b&gt;y", "שלום", "\u200b", "a\rb", "zk0q",
]  # fmt: skip
ADDRESSES = [
    "https://x.example/?a=1&b=2", "https://x.example/?a=1&amp;b=2", "https://x.example/é ü", "x y", "a'b", "%41%zz", "mailto:a@b.example",
    "javascript:alert(1)", "#top", "", " ", "https://x.example/{{ y }}", "//x", "a&quot;b", "a`b", "[x](y)", "\\x", "a|b",
]  # fmt: skip
PARAGRAPH = '<p class=\'big\'>{}<a href="{}" title="{}">{}</a><img src=\'{}\' alt="{}"> {}<br>{}</p>'


def directly(residual: Residual) -> Inlined | str:
    """The page the slow way, or what it says instead."""
    tokens = tuple((token, kind, word_of(residual.pieces[token])) for token, kind in residual.kinds.items())
    try:
        return inline_directly(residual.text, tokens, "letter.html")
    except (CannotSplit, TemplateError) as error:
        return str(error)


def quickly(residual: Residual) -> Inlined | str:
    """The page by its skeleton, or what it says instead."""
    try:
        return inline_residual(residual, file="letter.html")
    except (CannotSplit, TemplateError) as error:
        return str(error)


words, addresses = st.sampled_from(WORDS) | st.text(max_size=8), st.sampled_from(ADDRESSES)
paragraphs = st.builds(PARAGRAPH.format, words, addresses, words, words, addresses, words, words, words)


@tries(60)
@given(st.composite(page)(), st.lists(paragraphs, min_size=1, max_size=3))
def test_words_put_aside_come_back_as_the_parser_leaves_them(html: str, more: list[str]) -> None:
    static = html.replace("</body>", "".join(more).replace("{", "&#123;") + "</body>")
    environment = make_environment(None, loader=DictLoader({"letter.html": static}))
    residual = specialise(environment, "letter.html", CONTEXT)
    if not residual.tags:
        assert quickly(residual) == directly(residual)


@tries(60)
@given(st.lists(paragraphs, min_size=1, max_size=4), st.booleans())
def test_pages_that_are_the_same_for_everybody(more: list[str], selected: bool) -> None:
    rule = "[href^='https'] { color: red }" if selected else ".big { color: red }"
    html = f"<!DOCTYPE html><html><head><style>{rule}</style></head>\n<body>{''.join(more)}</body></html>\n"
    assert quickly(Residual(html, {})) == directly(Residual(html, {}))


@pytest.mark.parametrize(
    "html",
    [
        "<body><p title='a > b'>x</p></body>",
        "<body><p title='it's'>don't</p></body>",
        "<body>1 < 2 and <b>3</b></body>",
        "<body><a title='x src=\"a b\"' href='a b'>x</a></body>",
        "<body><pre>\n a\n</pre><textarea>a & b</textarea></body>",
        "<body><table>words<tr><td>x</table>more</body>",
        "<body><p>one<p>two<div>three</p></div></body>",
        "<p>no body</p>",
        "<body>a<![CDATA[b]]>c<?php d ?>e</body>",
        "words before<html><body>a & b</body></html>words & behind",
        "<body><style>p:contains('x') { color: red }</style><p>x</p><p>y</p></body>",
        "<body><a href=x&y>a</a><a href>b</a><a HREF='A B'>c</a></body>",
        "<body>a<script>if (a < b) { '</p>' }</script>b</body>",
        "<body>a</body>b</body>c",
        "<body><b>a<i>b</b>c</i></body>",
        "",
        "   ",
    ],
)
def test_odd_pages(html: str) -> None:
    assert quickly(Residual(html, {})) == directly(Residual(html, {}))


def test_a_page_with_other_words_is_not_worked_out_again() -> None:
    pages = [
        f"<html><body><p>Letter {number} &amp; more</p><a href='https://x.example/{number}'>x</a></body></html>"
        for number in range(5)
    ]
    inline(pages[0])
    before = remembered.cache_info()
    assert [re.findall(r"Letter (\d)", inline(html).html) for html in pages] == [
        [str(number)] for number in range(5)
    ]
    after = remembered.cache_info()
    assert (after.hits - before.hits, after.misses - before.misses) == (5, 0)


def test_a_mark_that_is_lost_or_doubled_is_noticed() -> None:
    found = cut("<body><p>one</p><p>two</p></body>")
    assert found is not None
    assert found.paste(found.skeleton) == "<body><p>one</p><p>two</p></body>"
    mark = re.search(found.mark, found.skeleton)
    assert mark is not None
    assert found.paste(found.skeleton.replace(mark[0], "")) is None
    assert found.paste(found.skeleton + mark[0]) is None


FOLDER = CORPUS / "templates" / "shared" if CORPUS else None
PAGES = sorted(FOLDER.rglob("*.html")) if FOLDER else []


@pytest.mark.corpus
def test_pages_of_others() -> None:
    divided = 0
    for path in PAGES:
        html = path.read_text("utf-8", "replace")
        assert quickly(Residual(html, {})) == directly(Residual(html, {})), path
        divided += cut(html) is not None
    assert divided > len(PAGES) // 2 or not PAGES
