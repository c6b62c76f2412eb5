"""All checks of one workspace, in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.definitions.checks.accounts import check_accounts
from engine.definitions.checks.budgets import check_budget
from engine.definitions.checks.campaigns import check_campaigns
from engine.definitions.checks.configuration import check_configuration
from engine.definitions.checks.contact import check_policy, check_senders
from engine.definitions.checks.files import check_files
from engine.definitions.checks.not_yet import not_yet
from engine.definitions.checks.offers import check_offers
from engine.definitions.checks.secrets import check_secrets
from engine.definitions.checks.segments import check_segments
from engine.definitions.checks.sunset import check_sunset
from engine.definitions.checks.tiers import check_tiers
from engine.definitions.workspace import Workspace, concerning, in_order, load
from engine.model.problem import Problem


def check(workspace: Workspace) -> list[Problem]:
    """Every cross-file problem, warning and note of a workspace that was read; sorted by file and line."""
    return in_order(
        [
            *check_configuration(workspace),
            *check_secrets(workspace),
            *check_segments(workspace),
            *check_senders(workspace),
            *check_policy(workspace),
            *check_sunset(workspace),
            *check_tiers(workspace),
            *check_campaigns(workspace),
            *check_accounts(workspace),
            *check_offers(workspace),
            *check_budget(workspace),
            *check_files(workspace),
            *not_yet(workspace),
        ]
    )


def obstacles(workspace: Workspace, problems: Sequence[Problem], campaign: str) -> list[Problem]:
    """Every error that keeps a campaign from being sent: those of reading (`problems`) and those across files.

    Errors in the files of other campaigns are no obstacle. A campaign may go when this is empty and
    `not_yet.blocking` is too.
    """
    return concerning(in_order([*problems, *check(workspace)]), workspace, campaign)


def load_and_check(
    root: Path, *, environment: Mapping[str, str] | None = None
) -> tuple[Workspace | None, list[Problem]]:
    """Reads a workspace and checks it: what the command `check` shows, but for the templates' insides."""
    workspace, problems = load(root, environment=environment)
    if workspace is None:
        return None, problems
    return workspace, in_order([*problems, *check(workspace)])
