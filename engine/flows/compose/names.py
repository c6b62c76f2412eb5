"""Names nobody has, in templates, subjects and preheaders: `customer.first_nam`, even where `default` hides it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from engine.definitions.context import context_names
from engine.definitions.schema.campaign import Campaign
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem
from engine.templating.environment import LetterEnvironment
from engine.templating.uses import uses_in_templates, uses_in_text

# What plain values can do in a template without being fields: `customer.interests.items()` and the like.
METHODS = frozenset(dir(dict)) | frozenset(dir(str)) | frozenset(dir(list))


def unknown_names(
    workspace: Workspace, campaign: Campaign, environment: LetterEnvironment
) -> Iterator[Problem]:
    """A problem for each such name, at its line."""
    known = context_names(workspace, campaign)
    content = campaign.content
    for key, text in (("subject", content.subject), ("preheader", content.preheader)):
        for use in uses_in_text(environment, text or ""):
            wrong = _unknown(use.path, known)
            if wrong:
                place = workspace.place("campaigns", campaign.campaign, "content", key)
                yield Problem(place.file, place.line, place.column, "T003", *_said(wrong, use.path, known))
    names = [name for name in (content.template, content.text) if name]
    for use in uses_in_templates(environment, names):
        wrong = _unknown(use.path, known)
        if wrong:
            yield Problem(f"templates/{use.file}", use.line, 1, "T003", *_said(wrong, use.path, known))


def _unknown(path: tuple[str, ...], known: object) -> str:
    """The dotted name up to the first part that does not exist, or ""."""
    for depth, part in enumerate(path):
        if not isinstance(known, dict):
            return ""
        if part not in known:
            return "" if depth == 0 or part in METHODS else ".".join(path[: depth + 1])
        known = known[part]
    return ""


def _said(wrong: str, path: tuple[str, ...], known: object) -> tuple[str, str]:
    for part in wrong.split(".")[:-1]:
        known = known[part] if isinstance(known, dict) else {}
    names = list(known) if isinstance(known, dict) else []
    near = get_close_matches(wrong.rpartition(".")[2], names, n=1)
    before = wrong.rpartition(".")[0]
    help = f"did you mean `{before}.{near[0]}`?" if near else f"`{before}` has: {', '.join(names)}"
    return f"there is no `{wrong}`", help
