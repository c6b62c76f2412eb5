"""The project and the customers: a way out, a postal address, fields that do not contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions.checks.field_tests import field_names
from engine.definitions.checks.names import known
from engine.definitions.places import problem_at
from engine.definitions.schema.customers import BUILT_IN
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem, Severity


def check_configuration(workspace: Workspace) -> Iterator[Problem]:
    """Problems of config/project.yaml and config/customers.yaml."""
    project = workspace.project
    yield from known(
        workspace, "provider", project.provider, {*project.providers, "outbox"}, "project", "provider"
    )
    yield from _fallback(workspace)
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
