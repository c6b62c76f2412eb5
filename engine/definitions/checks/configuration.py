"""The project and the customers: a way out, a postal address, fields that do not contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions.checks.field_tests import field_names
from engine.definitions.checks.names import known
from engine.definitions.places import problem_at
from engine.definitions.schema.customers import BUILT_IN
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem, Severity
from engine.model.words import Purpose


def check_configuration(workspace: Workspace) -> Iterator[Problem]:
    """Problems of config/project.yaml and config/customers.yaml."""
    project = workspace.project
    yield from known(
        workspace, "provider", project.provider, {*project.providers, "outbox"}, "project", "provider"
    )
    yield from _fallback(workspace)
    yield from _who_leaves(workspace)
    yield from _company(workspace)
    yield from _public_url(workspace)
    yield from _fields(workspace)


def _fallback(workspace: Workspace) -> Iterator[Problem]:
    project = workspace.project
    if project.fallback is None:
        return
    yield from known(
        workspace, "provider", project.fallback, {*project.providers, "outbox"}, "project", "fallback"
    )
    if project.fallback == project.provider:
        place = workspace.place("project", "fallback")
        message = f"`{project.fallback}` cannot step in for itself"
        yield problem_at(place, "X054", message, "name another provider, or remove this line")


def _who_leaves(workspace: Workspace) -> Iterator[Problem]:
    """A way out for letters that people can leave, where nobody here would hear of it."""
    project = workspace.project
    if not any(campaign.purpose is Purpose.MARKETING for campaign in workspace.campaigns.values()):
        return
    for name, options in project.providers.items():
        if name not in (project.provider, project.fallback) or not options.own_way_to_leave:
            continue
        if getattr(options, "webhook_key", None) is None:
            message = f"`{name}` writes its own unsubscribe link; without a webhook_key nobody here hears who left by it"
            place = workspace.place("project", "providers", name, key=True)
            help = (
                "set up its webhook and add `webhook_key: !secret NAME`; until then it refuses such letters"
            )
            yield problem_at(place, "X055", message, help, Severity.WARNING)


def _company(workspace: Workspace) -> Iterator[Problem]:
    company = workspace.project.company
    help = "letters must say where you can be reached: `company: { name: …, address: … }`"
    if company is None:
        place = workspace.place("project", "project", key=True)
        yield problem_at(place, "X050", "there is no company with a postal address", help)
    elif not company.address.strip():
        place = workspace.place("project", "company", "address", key=True)
        yield problem_at(place, "X050", "the company has no postal address", help)


def _public_url(workspace: Workspace) -> Iterator[Problem]:
    url = workspace.project.public_url
    if url.startswith("http://") and url.split("/")[2].split(":")[0] not in (
        "127.0.0.1",
        "localhost",
        "[::1]",
    ):
        message = "mailbox providers unsubscribe people over https only"
        place = workspace.place("project", "public_url")
        yield problem_at(place, "X051", message, "use an address that starts with https://", Severity.WARNING)


def _fields(workspace: Workspace) -> Iterator[Problem]:
    customers = workspace.customers
    for name, kind in customers.fields.items():
        built_in = BUILT_IN.get(name)
        if built_in is not None and built_in != kind:
            message = f"`{name}` is built in and holds {built_in}"
            place = workspace.place("customers", "fields", name, key=True)
            yield problem_at(place, "X052", message, "remove this line, or choose another name")
    names = field_names(workspace)
    targets: dict[str, str] = {}
    for column, name in customers.csv.items():
        path = ("customers", "csv", column)
        yield from known(workspace, "field", name, names, *path)
        if name in targets:
            message = f"`{name}` is filled from two columns, `{targets[name]}` and `{column}`"
            place = workspace.place(*path, key=True)
            help = "fine while a file has only one of them"
            yield problem_at(place, "X053", message, help, Severity.NOTE)
        targets[name] = column
