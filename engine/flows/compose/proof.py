"""Finished letters before the proof-reader, with all that the workspace knows about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from engine.definitions.places import Key, Place
from engine.definitions.schema.campaign import Campaign
from engine.definitions.workspace import Workspace
from engine.model.letter import Letter
from engine.model.problem import Problem
from engine.model.words import Purpose
from engine.templating.lint.finding import Facts, Finding
from engine.templating.lint.origins import Origins
from engine.templating.lint.proofread import lint

PARTS: Mapping[str, tuple[Key, ...]] = {
    "subject": ("content", "subject"),
    "Subject": ("content", "subject"),
    "preheader": ("content", "preheader"),
    "From": ("sender",),
    "Reply-To": ("sender",),
}
"""What of a campaign's file is meant by a part of the letter."""

PROJECT_PARTS: Mapping[str, tuple[Key, ...]] = {
    "List-Unsubscribe": ("project", "public_url"),
    "company": ("project", "company"),
}
"""The same for the project's file."""


def proofread(
    workspace: Workspace, campaign: Campaign, letter: Letter, facts: Facts | None = None
) -> list[Finding]:
    """Everything the linter says about one finished letter. `facts`: what is known of this very letter."""
    project = workspace.project
    known = replace(
        facts or Facts(),
        marketing=campaign.purpose is Purpose.MARKETING,
        language=project.language,
        address=project.company.address if project.company is not None else "",
        public_url=project.public_url,
    )
    headers = {"From": f"{letter.sender.name} <{letter.sender.address}>", **dict(letter.headers)}
    if letter.reply_to is not None:
        headers["Reply-To"] = letter.reply_to.address
    return lint(letter.html, text=letter.text, subject=letter.subject, headers=headers, facts=known)


def proof_problems(
    workspace: Workspace, campaign: Campaign, letter: Letter, files: list[str], facts: Facts
) -> Iterator[Problem]:
    """The same as problems of the files that made the letter; its tags are marked with their places in `files`."""
    origins = Origins(letter.html, files)
    for finding in proofread(workspace, campaign, replace(letter, html=origins.html), facts=facts):
        place = _place(workspace, campaign, finding, origins)
        yield finding.as_problem(place.file, place.line, place.column, place.width)


def _place(workspace: Workspace, campaign: Campaign, finding: Finding, origins: Origins) -> Place:
    origin = origins.of(finding)
    if origin is not None:
        return Place(f"templates/{origin.file}", origin.line, origin.column, len(origin.tag) + 1)
    if finding.part in PARTS:
        return workspace.place("campaigns", campaign.campaign, *PARTS[finding.part])
    if finding.part in PROJECT_PARTS:
        return workspace.place(*PROJECT_PARTS[finding.part])
    content = campaign.content
    file = content.text if finding.part == "text" and content.text else content.template
    return Place(f"templates/{file}")
