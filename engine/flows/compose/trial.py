"""A trial: every campaign's letter is made once with sample posts, so that a template's mistakes show beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from engine.definitions.context import context_names
from engine.definitions.places import Key
from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.senders import ACCOUNT_OWNER
from engine.definitions.workspace import Workspace
from engine.errors import LetterError, Refused, TemplateError, UsageError
from engine.flows.compose.composer import Composer
from engine.model.post import Post
from engine.model.problem import Problem, Severity
from engine.templating.links import Signer
from engine.templating.uses import uses_in_templates, uses_in_text

SAMPLE_KEY = "a key for letters nobody gets"
NAME = re.compile(r"'?([A-Za-z_][\w.]*)'? (?:has no value|is undefined|has no attribute)")
ATTRIBUTE = re.compile(r"has no attribute '(\w+)'")


def check_letters(
    workspace: Workspace, now: datetime, broken: frozenset[str], *, only: str = ""
) -> list[Problem]:
    """Problems of templates, subjects and preheaders. `broken`: files that have errors already; `only`: one campaign."""
    found: list[Problem] = []
    if workspace.project.company is None or any(file.startswith("config/") for file in broken):
        return found
    for name, campaign in workspace.campaigns.items():
        if only and name != only:
            continue
        if workspace.file_of("campaigns", name) not in broken and campaign.content.template:
            found.extend(_letter(workspace, campaign, now))
    return list(dict.fromkeys(found))


def _letter(workspace: Workspace, campaign: Campaign, now: datetime) -> Iterator[Problem]:
    zone = ZoneInfo(workspace.project.time_zone)
    maker = Composer(workspace, campaign, Signer([SAMPLE_KEY]), {}, "check", zone)
    content = campaign.content
    owner = workspace.account_owner.otherwise if workspace.account_owner is not None else ""
    sender = owner if campaign.sender == ACCOUNT_OWNER else campaign.sender
    posts = {name: sample_posts(wanted.feed, wanted.pick, now) for name, wanted in content.feeds.items()}
    yield from _unknown_names(workspace, campaign, maker)
    try:
        made = maker.compile(posts, sender=sender, owner=owner, with_offer=bool(content.offer), moment=now)
    except TemplateError as error:
        yield _problem(workspace, campaign, error)
        return
    except (LetterError, Refused, UsageError) as error:
        place = workspace.place("campaigns", campaign.campaign)
        yield Problem(place.file, place.line, place.column, "T001", error.message, error.help)
        return
    for finding in made.findings:
        if finding.severity is not Severity.NOTE:
            yield finding


# What plain values can do in a template without being fields: `customer.interests.items()` and the like.
METHODS = frozenset(dir(dict)) | frozenset(dir(str)) | frozenset(dir(list))


def _unknown_names(workspace: Workspace, campaign: Campaign, maker: Composer) -> Iterator[Problem]:
    """Attributes nobody has: `customer.first_nam`, even where `default` would hide it."""
    known = context_names(workspace, campaign)
    content = campaign.content
    for key, text in (("subject", content.subject), ("preheader", content.preheader)):
        for use in uses_in_text(maker.environment, text or ""):
            wrong = _unknown(use.path, known)
            if wrong:
                place = workspace.place("campaigns", campaign.campaign, "content", key)
                yield Problem(place.file, place.line, place.column, "T003", *_said(wrong, use.path, known))
    names = [name for name in (content.template, content.text) if name]
    for use in uses_in_templates(maker.environment, names):
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


def _problem(workspace: Workspace, campaign: Campaign, error: TemplateError) -> Problem:
    help = error.help or _suggestion(workspace, campaign, error.message)
    if error.file:
        return Problem(f"templates/{error.file}", error.line or 1, 1, "T002", error.message, help)
    place = workspace.place("campaigns", campaign.campaign, "content", _line_of(campaign, error.message))
    return Problem(place.file, place.line, place.column, "T002", error.message, help)


def _line_of(campaign: Campaign, message: str) -> Key:
    """Whether it is the subject or the preheader that the message is about."""
    wrong = NAME.search(message)
    name = (wrong[1] if wrong else "").rpartition(".")[2] or ""
    if "preheader" in message or (name and name in campaign.content.preheader):
        return "preheader"
    return "subject"


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


def sample_posts(feed: str, count: int, now: datetime) -> list[Post]:
    """Posts to try a template with."""
    return [
        Post(
            feed=feed,
            identity=f"sample-{number}",
            id=f"sample-{number}",
            url=f"https://blog.example/{number}",
            title=f"Sample post {number}",
            summary="A summary of two sentences. This is the second one.",
            content="<p>The whole post.</p>",
            image="https://blog.example/image.png" if number % 2 else "",
            author="An author",
            published=now,
            topics=("topic",),
        )
        for number in range(1, count + 1)
    ]
