"""Names nobody has, in templates, subjects and preheaders: `customer.first_nam`, even where `default` hides it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from engine.definitions.context import Description, context_names
from engine.definitions.schema.campaign import Campaign
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem
from engine.templating.compile import OWN_NAMES
from engine.templating.environment import LetterEnvironment
from engine.templating.uses import ITEM, Path, Use, uses_in_templates, uses_in_text

# What plain values can do in a template without being fields: `customer.interests.items()` and the like.
METHODS = frozenset(dir(dict)) | frozenset(dir(str)) | frozenset(dir(list))


def unknown_names(
    workspace: Workspace, campaign: Campaign, environment: LetterEnvironment
) -> Iterator[Problem]:
    """A problem for each such name, at its line, whether or not any letter gets there."""
    # A campaign without an offer has an empty one, so that templates may ask for it.
    known: dict[str, Description] = {"offer": "nothing", **context_names(workspace, campaign)}
    content = campaign.content
    title = campaign.task.title if campaign.task is not None else None
    lines = {
        ("content", "subject"): content.subject,
        ("content", "preheader"): content.preheader,
        ("task", "title"): title,
    }
    for path, text in lines.items():
        for _, message, help in _wrong(uses_in_text(environment, text or ""), known):
            place = workspace.place("campaigns", campaign.campaign, *path)
            yield Problem(place.file, place.line, place.column, "T003", message, help)
    draft = campaign.task.text if campaign.task is not None else None
    names = [name for name in (content.template, content.text, draft) if name]
    known.update(dict.fromkeys(OWN_NAMES, "text"))
    for use, message, help in _wrong(uses_in_templates(environment, names), known):
        yield Problem(f"templates/{use.file}", use.line, 1, "T003", message, help)


def _wrong(uses: Sequence[Use], known: Description) -> Iterator[tuple[Use, str, str]]:
    """Each use of what nobody has, with what to say about it."""
    tested = {use.paths for use in uses if use.tested}
    for use in uses:
        unknown = [_unknown(path, known) for path in use.paths]
        first = unknown[0]
        # A name of the template's own that it asks for somewhere may be missing.
        if not all(unknown) or (len(first) == 1 and use.paths in tested):
            continue
        yield use, f"there is no `{_written(first)}`", _help(first, known)


def _unknown(path: Path, known: Description) -> Path:
    """The path up to the first part that does not exist, or nothing."""
    for depth, part in enumerate(path):
        if part == ITEM:
            if not isinstance(known, list):
                return ()
            known = known[0]
            continue
        if not isinstance(known, dict):
            return ()
        if part not in known:
            return () if depth and part in METHODS else path[: depth + 1]
        known = known[part]
    return ()


def _written(path: Path) -> str:
    """A path as a template says it: `posts[0].title`."""
    return ".".join(path).replace(f".{ITEM}", "[0]")


def _help(wrong: Path, known: Description) -> str:
    for part in wrong[:-1]:
        known = known[0] if isinstance(known, list) else known[part] if isinstance(known, dict) else known
    names = list(known) if isinstance(known, dict) else []
    near = get_close_matches(wrong[-1], names, n=1)
    before = _written(wrong[:-1])
    if near:
        return f"did you mean `{before}{'.' if before else ''}{near[0]}`?"
    return f"`{before}` has: {', '.join(names)}" if before else f"there are: {', '.join(sorted(names))}"
