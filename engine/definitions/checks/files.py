"""Files that definitions name: templates, signatures, pictures, code pools, feeds kept in the workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.definitions.places import Key, problem_at
from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.steps import SendStep, Step, WaitForStep
from engine.definitions.suggest import nearest
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem

TEMPLATES = "templates"
SIGNATURES = "templates/signatures"
# A workspace with more files than this gets no suggestions from them.
MOST_SUGGESTED = 500


def check_files(workspace: Workspace) -> Iterator[Problem]:
    """A problem for every file that is named and not there."""
    for name, campaign in workspace.campaigns.items():
        yield from _letters(workspace, campaign, "campaigns", name)
    for name, sender in workspace.senders.items():
        for key, written in (("signature", sender.signature), ("photo", sender.photo)):
            if written is not None and "://" not in written:
                yield from _there(workspace, written, (SIGNATURES, TEMPLATES), "senders", name, key)
    for name, offer in workspace.offers.items():
        if offer.code is not None and offer.code.pool is not None:
            yield from _there(workspace, offer.code.pool, (".", "config"), "offers", name, "code", "pool")
    for name, feed in workspace.feeds.items():
        if "://" not in feed.url:
            yield from _there(workspace, feed.url, (".",), "feeds", name, "url")


def signature_file(root: Path, written: str) -> Path | None:
    """The file of a sender's signature or picture, or None when it is not there."""
    found = (root / folder / written for folder in (SIGNATURES, TEMPLATES))
    return next((path for path in found if is_there(path)), None)


def pool_file(root: Path, written: str) -> Path | None:
    """The file of a pool of codes, or None when it is not there."""
    found = (root / folder / written for folder in (".", "config"))
    return next((path for path in found if is_there(path)), None)


def is_there(path: Path) -> bool:
    """Whether there is such a file; a name the file system cannot even hold is of none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _letters(workspace: Workspace, campaign: Campaign, *at: Key) -> Iterator[Problem]:
    for key, written in (("template", campaign.content.template), ("text", campaign.content.text)):
        if written is not None:
            yield from _there(workspace, written, (TEMPLATES,), *at, "content", key)
    if campaign.task is not None and campaign.task.text is not None:
        yield from _there(workspace, campaign.task.text, (TEMPLATES,), *at, "task", "text")
    yield from _steps(workspace, campaign.steps, *at, "steps")


def _steps(workspace: Workspace, steps: Sequence[Step], *at: Key) -> Iterator[Problem]:
    for number, step in enumerate(steps):
        if isinstance(step, SendStep):
            for key, written in (("send", step.send), ("text", step.text)):
                if written is not None:
                    yield from _there(workspace, written, (TEMPLATES,), *at, number, key)
        if isinstance(step, WaitForStep) and isinstance(step.if_not, tuple):
            yield from _steps(workspace, step.if_not, *at, number, "if_not")


def _there(workspace: Workspace, written: str, folders: tuple[str, ...], *path: Key) -> Iterator[Problem]:
    root = workspace.root
    if any(is_there(root / folder / written) for folder in folders):
        return
    shown = [f"{folder}/" for folder in folders if folder != "."] or ["the workspace"]
    present = _present(root, folders) if folders != (".",) else []
    near = nearest(written, present)
    help = f"did you mean `{near}`?" if near else f"put it into {shown[0]}"
    message = f"there is no file `{written}` in {' or '.join(shown)}"
    yield problem_at(workspace.place(*path), "X019", message, help)


def _present(root: Path, folders: tuple[str, ...]) -> list[str]:
    names: list[str] = []
    for folder in folders:
        base = root / folder
        if folder != "." and base.is_dir():
            names.extend(path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file())
        if len(names) > MOST_SUGGESTED:
            return []
    return names
