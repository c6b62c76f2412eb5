"""Inlining held against pages others have inlined: Postmark's templates, and premailer's own vectors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader

from engine.model.letter import Mailbox
from engine.templating.compile import compile_letter
from engine.templating.environment import make_environment
from engine.templating.filler.filler import Filler
from engine.templating.inline import inline
from engine.templating.specialise import Personal
from tests.corpus import CORPUS, corpus_path
from tests.templating.meaning import elements
from tests.templating.program.building import JSON, from_context

pytestmark = pytest.mark.corpus

POSTMARK = CORPUS / "templates" / "shared" / "postmark" if CORPUS else Path("postmark")
PAIRS = [
    str(page.parent.relative_to(POSTMARK / "templates"))
    for page in sorted(POSTMARK.glob("templates/*/*/content.html"))
]
REDESIGNED = {
    *((f"padding-{side}", "45px", "35px") for side in ("top", "right", "bottom", "left")),
    ("color", "#51545e", "#6b6e76"), ("color", "#a8aaaf", "#6b6e76"),
    ("background-color", "#f2f4f6", "#f4f4f7"), ("background-color", "", "#ffffff"),
}  # fmt: skip
"""What the pages of `basic-full` say, and said when Postmark inlined them: they were changed since."""

TAG = re.compile(r"\{\{\s*([#/^]?)\s*([\w. ]*?)\s*\}\}")


def as_jinja(html: str) -> tuple[str, set[str]]:
    """Mustachio's page as a template whose every value is personal, and the values' names."""
    names: set[str] = set()
    ends: list[str] = []

    def piece(found: re.Match[str]) -> str:
        sign, name = found[1], found[2]
        if sign == "/":
            return f"{{% {ends.pop()} %}}"
        if sign == "#":
            loop = name.startswith("each")
            ends.append("endfor" if loop else "endif")
            return "{% for one in customer.rounds %}" if loop else f"{{% if customer.{name} %}}"
        names.add(name)
        return f"{{{{ customer.{name} }}}}"

    return TAG.sub(piece, html), names


@pytest.mark.parametrize("pair", PAIRS)
def test_postmarks_templates_are_inlined_as_postmark_inlines_them(pair: str) -> None:
    raw = corpus_path("templates", "shared", "postmark", "templates", pair, "content.html").read_text("utf-8")
    theirs = corpus_path(
        "templates", "shared", "postmark", "templates-inlined", pair, "content.html"
    ).read_text("utf-8")
    template, names = as_jinja(raw)
    sections = set(re.findall(r"customer\.(\w+) %", template))
    environment = make_environment(None, loader=DictLoader({"letter.html": template}))
    compiled = compile_letter(
        environment,
        template="letter.html",
        subject="A subject",
        context={"customer": {name: Personal(f"customer.{name}") for name in names | sections}},
        sender=Mailbox("Acme", "hello@acme.example"),
        campaign="c",
        message_id_domain="acme.example",
        date="Tue, 05 Jan 2027 09:30:00 +0000",
    )
    assert compiled.program.whole is None, compiled.program.whole
    filler = Filler(compiled.program, JSON, environment)
    customer: dict[str, Any] = {name: f"{{{{{name}}}}}" for name in names | sections} | {"rounds": [1]}
    letter = filler.letter(filler.slots(from_context(filler, {"customer": customer})))
    ours, expected = (elements(TAG.sub(mark, page)) for page in (letter.html, theirs))
    assert [tag for tag, *_ in ours] == [tag for tag, *_ in expected]
    for (tag, styles, attributes, words), (_, wanted, others, saying) in zip(ours, expected, strict=True):
        assert {
            (name, styles.get(name, ""), wanted.get(name, ""))
            for name in styles.keys() | wanted.keys()
            if styles.get(name) != wanted.get(name)
        } <= (REDESIGNED if "full" in pair else set()), tag
        assert without(attributes) == without(others)
        assert words == saying


def mark(found: re.Match[str]) -> str:
    """A value's tag in one spelling; nothing for those of sections."""
    return "" if found[1] else f"{{{{{found[2]}}}}}"


def without(attributes: dict[str, str]) -> dict[str, str]:
    """The attributes that do not repeat what a style says for old mail programs; premailer writes more of those."""
    return {
        name: value
        for name, value in attributes.items()
        if name not in ("width", "height", "bgcolor", "align")
    }


VECTORS: list[dict[str, Any]] = (
    json.loads((CORPUS / "css" / "shared" / "premailer" / "premailer_vectors.json").read_text("utf-8"))
    if CORPUS
    else []
)
OTHERWISE = {
    "remove_classes": True, "base_url": None, "disable_basic_attributes": None, "strip_important": True,
    "css_text": None, "exclude_pseudoclasses": False,
}  # fmt: skip
"""Options that ask for something we do otherwise, with the value that does; None for any."""


def asks_otherwise(options: dict[str, Any]) -> bool:
    return any(name in options and value in (None, options[name]) for name, value in OTHERWISE.items())


@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS if not asks_otherwise(vector["options"])],
    ids=lambda one: one["test"],
)
def test_premailers_vectors(vector: dict[str, Any]) -> None:
    assert elements(inline(vector["html"]).html) == elements(vector["expected"])


def test_most_vectors_are_compared() -> None:
    corpus_path("css", "shared", "premailer")
    assert len(VECTORS) == 42
    assert sum(not asks_otherwise(vector["options"]) for vector in VECTORS) >= 31
    assert len(PAIRS) == 33
