"""A whole workspace as read: every definition by name, and for every value its file and line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from engine.definitions.files import CAMPAIGNS
from engine.definitions.places import Document, Key, Path, Place
from engine.definitions.reading import Reading
from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.customers import Customers
from engine.definitions.schema.feeds import Feed
from engine.definitions.schema.offers import Budget, Offer
from engine.definitions.schema.policy import Policy
from engine.definitions.schema.project import Project
from engine.definitions.schema.segments import Segment
from engine.definitions.schema.senders import AccountOwner, Sender
from engine.definitions.schema.tiers import Tiers
from engine.model.problem import Problem, Severity


@dataclass(frozen=True)
class Workspace:
    """Everything the files say. The mappings hold what is valid; `declared` also knows the broken names.

    `origins`: where in which file a definition stands, by its path from the workspace: ("campaigns", id),
    ("segments", name), ("account-owner",) …
    """

    root: FilePath
    project: Project
    customers: Customers = field(default_factory=Customers)
    segments: Mapping[str, Segment] = field(default_factory=dict)
    senders: Mapping[str, Sender] = field(default_factory=dict)
    account_owner: AccountOwner | None = None
    feeds: Mapping[str, Feed] = field(default_factory=dict)
    offers: Mapping[str, Offer] = field(default_factory=dict)
    budget: Budget | None = None
    policy: Policy = field(default_factory=Policy)
    tiers: Tiers = field(default_factory=Tiers)
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
    origins: Mapping[Path, tuple[str, Path]] = field(default_factory=dict)

    def declared(self, kind: str) -> frozenset[str]:
        """Every name of a kind (`segments`, `campaigns` …) that some file declares, valid or not."""
        return frozenset(str(path[1]) for path in self.origins if len(path) == 2 and path[0] == kind)

    def place(self, *path: Key, key: bool = False) -> Place:
        """Where a value is written: `place("campaigns", id, "content", "subject")`.

        With `key`, where its key is written. What is not written has the place of the nearest thing above it.
        """
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                file, prefix = self.origins[path[:length]]
                document = self.documents[file]
                inside = (*prefix, *path[length:])
                return document.key_place(inside) if key else document.value_place(inside)
        return Place("")

    def where(self, *path: Key) -> str:
        """The same as people read it: `config/policy.yaml:12`."""
        return self.place(*path).where

    def position(self, file: str, path: Sequence[Key]) -> tuple[int, int]:
        """Line and column of the value at a path of keys in one file; (0, 0) for a file that was not read."""
        document = self.documents.get(file)
        if document is None:
            return 0, 0
        place = document.value_place(path)
        return place.line, place.column

    def file_of(self, *path: Key) -> str:
        """The file of a definition, relative to the workspace: `file_of("campaigns", "monthly-digest")`."""
        return self.place(*path).file


def load(
    root: FilePath, *, environment: Mapping[str, str] | None = None
) -> tuple[Workspace | None, list[Problem]]:
    """Reads every file below `root` (a folder with config/project.yaml) and validates it.

    All problems of all files come back, sorted by file and line. The workspace is None only when the project
    cannot be read; otherwise it holds everything that is valid, so that one broken campaign hides no other.
    """
    reading = Reading(root, os.environ if environment is None else environment)
    reading.everything()
    problems = in_order([*reading.problems, *reading.secrets.problems])
    if reading.project is None:
        return None, problems
    workspace = Workspace(
        root=root,
        project=reading.project,
        customers=reading.customers or Customers(),
        segments=reading.named["segments"],
        senders=reading.named["senders"],
        account_owner=reading.account_owner,
        feeds=reading.named["feeds"],
        offers=reading.named["offers"],
        budget=reading.budget,
        policy=reading.policy or Policy(),
        tiers=reading.tiers or Tiers(),
        campaigns=reading.named["campaigns"],
        documents=reading.documents,
        origins=reading.origins,
    )
    return workspace, problems


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """Each problem once, by file, line and column; files of config/ first."""
    return sorted(
        dict.fromkeys(problems),
        key=lambda found: (
            found.file.startswith(CAMPAIGNS),
            found.file,
            found.line,
            found.column,
            found.code,
        ),
    )


def concerning(problems: Sequence[Problem], workspace: Workspace, campaign: str) -> list[Problem]:
    """The errors that stop this campaign: all but those in the files of other campaigns."""
    own = workspace.file_of("campaigns", campaign)
    others = {file for path, (file, _) in workspace.origins.items() if path[0] == "campaigns"} - {own}
    return [found for found in problems if found.severity is Severity.ERROR and found.file not in others]
