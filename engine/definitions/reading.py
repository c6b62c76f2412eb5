"""Reads the files of a workspace one by one and gathers their definitions, problems and places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from engine.definitions.files import CAMPAIGNS, KINDS, TOP_KEYS, Kind, definition_files
from engine.definitions.loader import Source, load
from engine.definitions.messages import empty_values, explain
from engine.definitions.places import Document, Path, Place, problem_at
from engine.definitions.schema.base import Definition
from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.customers import Customers, CustomersFile
from engine.definitions.schema.offers import Budget, OffersFile
from engine.definitions.schema.policy import Policy, PolicyFile
from engine.definitions.schema.project import Project
from engine.definitions.schema.senders import AccountOwner, SendersFile
from engine.definitions.schema.tiers import Tiers, TiersFile
from engine.definitions.secrets import Secrets
from engine.definitions.suggest import suggestion
from engine.model.problem import Problem, Severity

NAMED = ("segments", "senders", "feeds", "offers")
BY_NAME = {kind.name: kind for kind in KINDS}


class Reading:
    """What has been read so far."""

    def __init__(self, root: FilePath, environment: Mapping[str, str]) -> None:
        self.root = root
        self.secrets = Secrets(root, environment)
        self.source = Source(root, environment, self.secrets)
        self.problems: list[Problem] = []
        self.documents: dict[str, Document] = {}
        self.origins: dict[Path, tuple[str, Path]] = {}
        self.named: dict[str, dict[str, Any]] = {kind: {} for kind in (*NAMED, "campaigns")}
        self.project: Project | None = None
        self.customers: Customers | None = None
        self.policy: Policy | None = None
        self.tiers: Tiers | None = None
        self.account_owner: AccountOwner | None = None
        self.budget: Budget | None = None

    def everything(self) -> None:
        """All files; those that others include are no files of their own."""
        read = [load(path, self.source) for path in definition_files(self.root)]
        included = frozenset[str]().union(
            *(document.included for document, _ in read if document is not None)
        )
        for document, problems in read:
            self.problems.extend(problems)
            if document is not None and document.file not in included:
                self.document(document)

    def document(self, document: Document) -> None:
        """One file, whatever its top-level keys say it is."""
        empty = list(empty_values(document))
        self.problems.extend(problem for _, problem in empty)
        document = replace(document, broken=document.broken | {path for path, _ in empty})
        self.documents[document.file] = document
        data = document.data
        if data is None:
            message = "this file says nothing"
            self.problems.append(problem_at(Place(document.file), "C001", message, severity=Severity.WARNING))
        elif not isinstance(data, dict):
            help = "begin it with one of: " + ", ".join(TOP_KEYS)
            self.problems.append(problem_at(document.start, "C001", "this file has no keys", help))
        elif flat := self.flat_kind(document):
            self.flat(document, flat)
        else:
            self.parts(document, self.kinds(document))

    def flat_kind(self, document: Document) -> Kind | None:
        """Campaign or project, when a key or else the file's own name says so."""
        for kind in KINDS:
            if kind.flat and kind.keys[0] in document.data:
                return kind
        if any(key in TOP_KEYS for key in document.data):
            return None
        if document.file.startswith(f"{CAMPAIGNS}/"):
            return BY_NAME["campaign"]
        return BY_NAME["project"] if document.file == BY_NAME["project"].glob else None

    def kinds(self, document: Document) -> list[Kind]:
        """The kinds whose keys a file has, or else the one it is named after."""
        found = [kind for kind in KINDS if not kind.flat and any(key in document.data for key in kind.keys)]
        if not found:
            found = [
                kind for kind in KINDS if document.file in (kind.glob, kind.glob.replace(".yaml", ".yml"))
            ]
        return found

    def flat(self, document: Document, kind: Kind) -> None:
        """A campaign or the project: the whole file is one definition."""
        value = self.validate(kind.model, document.data, document)
        if kind.name == "project":
            self.origins[("project",)] = (document.file, ())
            self.project = value if isinstance(value, Project) else self.project
            return
        name = str(document.data.get("campaign", document.file))
        if self.declare(("campaigns", name), document, ("campaign",)) and isinstance(value, Campaign):
            self.named["campaigns"][value.campaign] = value
        self.origins[("campaigns", name)] = (self.origins[("campaigns", name)][0], ())

    def parts(self, document: Document, kinds: list[Kind]) -> None:
        """A file of one or several groups."""
        if not kinds:
            help = suggestion(str(next(iter(document.data))), TOP_KEYS)
            message = "no top-level key says what this file is"
            self.problems.append(problem_at(document.start, "C001", message, help))
            return
        ours = {key for kind in kinds for key in kind.keys}
        strangers = {key: value for key, value in document.data.items() if key not in ours}
        for number, kind in enumerate(kinds):
            part = {key: document.data[key] for key in kind.keys if key in document.data}
            self.part({**part, **strangers} if number == 0 else part, document, kind)

    def part(self, data: dict[str, Any], document: Document, kind: Kind) -> None:
        """One kind's keys of a file."""
        value = self.validate(kind.model, data, document) or self.salvage(kind, data, document)
        for key in NAMED:
            if key in kind.keys and isinstance(data.get(key), dict):
                self.entries(key, data[key], getattr(value, key, {}), document)
        match value:
            case CustomersFile():
                self.customers = value.customers
                self.declare(("customers",), document, ("customers",))
            case PolicyFile():
                self.policy = value.policy
                self.declare(("policy",), document, ("policy",))
            case TiersFile():
                self.tiers = value.tiers
                self.declare(("tiers",), document, ("tiers",))
            case OffersFile() if value.budget is not None:
                self.budget = value.budget
                self.declare(("budget",), document, ("budget",))
            case SendersFile() if value.account_owner is not None:
                self.account_owner = value.account_owner
                self.declare(("account-owner",), document, ("account-owner",))

    def entries(self, key: str, written: dict[str, Any], valid: dict[str, Any], document: Document) -> None:
        """Named definitions: each into its mapping, each name once in the workspace."""
        for name in written:
            if self.declare((key, name), document, (key, name)) and name in valid:
                self.named[key][name] = valid[name]

    def declare(self, path: Path, document: Document, inside: Path) -> bool:
        """Notes where a definition stands; False, and a problem, when its name is taken."""
        if path not in self.origins:
            self.origins[path] = (document.file, inside)
            return True
        file, there = self.origins[path]
        first = self.documents[file].key_place(there)
        help = f"the first is in {file}, line {first.line}; give one of them another name"
        place = document.value_place(inside) if path[0] == "campaigns" else document.key_place(inside)
        self.problems.append(problem_at(place, "X001", f"`{path[-1]}` is defined twice", help))
        return False

    def validate(self, model: type[Definition], data: Any, document: Document) -> Definition | None:
        """The definition, or None and its problems."""
        try:
            return model.model_validate(data, by_alias=True, by_name=False)
        except ValidationError as error:
            self.problems.extend(explain(error, model, document))
            return None

    def salvage(self, kind: Kind, data: dict[str, Any], document: Document) -> Definition | None:
        """The named definitions of a file that are valid, without those that are not."""
        kept = {key: value for key, value in data.items() if key in kind.keys}
        for _ in range(2):
            try:
                return kind.model.model_validate(kept, by_alias=True, by_name=False)
            except ValidationError as error:
                broken = {tuple(entry["loc"][:2]) for entry in error.errors(include_url=False)}
                kept = {
                    key: {name: entry for name, entry in value.items() if (key, name) not in broken}
                    for key, value in kept.items()
                    if key in NAMED and isinstance(value, dict)
                }
        return None
