"""What a template's error says to a marketer: the file, the line, and the name that was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from engine.definitions.context import context_names
from engine.definitions.places import Key
from engine.definitions.schema.campaign import Campaign
from engine.definitions.workspace import Workspace
from engine.errors import TemplateError
from engine.model.problem import Problem

NAME = re.compile(r"'?([A-Za-z_][\w.]*)'? (?:has no value|is undefined|has no attribute)")
ATTRIBUTE = re.compile(r"has no attribute '(\w+)'")


def mistake_of(workspace: Workspace, campaign: Campaign, error: TemplateError) -> Problem:
    """The error as a problem at the template's line, or at the subject, preheader or title it is about."""
    help = error.help or _suggestion(workspace, campaign, error.message)
    if error.file:
        return Problem(f"templates/{error.file}", error.line or 1, 1, "T002", error.message, help)
    place = workspace.place("campaigns", campaign.campaign, *_line_of(campaign, error.message))
    return Problem(place.file, place.line, place.column, "T002", error.message, help)


def _line_of(campaign: Campaign, message: str) -> tuple[Key, ...]:
    """Whether it is the subject, the preheader or a task's title that the message is about."""
    wrong = NAME.search(message)
    name = (wrong[1] if wrong else "").rpartition(".")[2] or ""
    if "preheader" in message or (name and name in campaign.content.preheader):
        return "content", "preheader"
    title = campaign.task.title if campaign.task is not None else ""
    if title and (campaign.content.subject is None or (name and name not in campaign.content.subject)):
        return "task", "title"
    return "content", "subject"


def _suggestion(workspace: Workspace, campaign: Campaign, message: str) -> str:
    names = list(_flat(context_names(workspace, campaign)))
    wrong, attribute = NAME.search(message), ATTRIBUTE.search(message)
    asked = attribute[1] if attribute else wrong[1] if wrong else ""
    near = get_close_matches(asked, names, n=1, cutoff=0.5) or get_close_matches(
        asked.rpartition(".")[2], [name.rpartition(".")[2] for name in names], n=1
    )
    return (
        f"did you mean `{near[0]}`?" if near else "see docs/howto/write-a-template.md for the names there are"
    )


def _flat(names: object, before: str = "") -> Iterator[str]:
    if isinstance(names, Mapping):
        for name, inside in names.items():
            yield f"{before}{name}"
            yield from _flat(inside, f"{before}{name}.")
    elif isinstance(names, list):
        for inside in names:
            yield from _flat(inside, before)
