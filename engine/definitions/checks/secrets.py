"""Secrets: set where they are needed, out of sight where they are written. No message shows a value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.definitions.places import Key, problem_at
from engine.definitions.schema.values import Secret
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem, Severity


def check_secrets(workspace: Workspace) -> Iterator[Problem]:
    """An error for a secret that is needed and not set, a warning for an unused provider's."""
    project = workspace.project
    if project.signing_key is None:
        place = workspace.place("project", "project", key=True)
        help = "add `signing_key: !secret TOUCHBASE_SIGNING_KEY`; it signs the unsubscribe links"
        yield problem_at(place, "X060", "there is no signing key", help)
    else:
        yield from _set(workspace, project.signing_key, "project", "signing_key")
    yield from _set(workspace, project.database, "project", "database")
    if project.metrics.token is not None:
        yield from _set(workspace, project.metrics.token, "project", "metrics", "token")
    for name, options in project.providers.items():
        needed = name in (project.provider, project.fallback)
        for key, secret in options.secrets().items():
            yield from _set(workspace, secret, "project", "providers", name, key, needed=needed)
            if not secret.name and secret.is_set:
                yield _plain(workspace, key, "project", "providers", name, key)
    yield from _mailbox(workspace)


def _mailbox(workspace: Workspace) -> Iterator[Problem]:
    """Letters leave without the mailbox, so that a missing password is a warning."""
    mailbox = workspace.project.mailbox
    if mailbox is None or mailbox.user is None or mailbox.password is None:
        return
    for key, secret in (("user", mailbox.user), ("password", mailbox.password)):
        for problem in _set(workspace, secret, "project", "mailbox", key):
            yield replace(problem, severity=Severity.WARNING)
    if not mailbox.password.name and mailbox.password.is_set:
        yield _plain(workspace, "password", "project", "mailbox", "password")


def _plain(workspace: Workspace, key: str, *path: Key) -> Problem:
    message = f"`{key}` is written in plain sight"
    help = "write `!secret NAME` and keep the value out of git"
    return problem_at(workspace.place(*path), "X062", message, help, Severity.WARNING)


def _set(workspace: Workspace, secret: Secret, *path: Key, needed: bool = True) -> Iterator[Problem]:
    if secret.is_set:
        return
    place = workspace.place(*path)
    if not secret.name:
        yield problem_at(place, "X061", f"`{path[-1]}` is empty", "write `!secret NAME`")
        return
    help = f"export {secret.name}=…, or write it into config/secrets.yaml"
    severity = Severity.ERROR if needed else Severity.NOTE
    message = f"the secret {secret.name} is not set"
    yield problem_at(place, "X061", message if needed else f"{message} (not used now)", help, severity)
