"""Generated templates and people: stage 2 equals plain rendering, and most templates can be split."""

from __future__ import annotations

from hypothesis import event, given
from hypothesis import strategies as st

from engine.errors import TemplateError
from engine.templating.specialise import CannotSplit
from tests.templating.budget import tries
from tests.templating.specialise.agreement import check
from tests.templating.specialise.grammar import families
from tests.templating.specialise.people import CONTEXT, DECLARED, PEOPLE


@tries(150)
@given(families(), st.booleans(), st.booleans(), st.booleans())
def test_stage_two_says_what_plain_rendering_says(
    templates: dict[str, str], trim: bool, escape: bool, declared: bool
) -> None:
    options = {"trim_blocks": True, "lstrip_blocks": True} if trim else {}
    result = check(templates, DECLARED if declared else CONTEXT, PEOPLE, autoescape=escape, **options)
    kind = {CannotSplit: "refused", TemplateError: "faulty"}.get(type(result), "split")
    event(kind)
