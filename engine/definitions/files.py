"""Which file says what: the top-level keys of the format, and the models behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.definitions.schema.base import Definition
from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.customers import CustomersFile
from engine.definitions.schema.feeds import FeedsFile
from engine.definitions.schema.offers import OffersFile
from engine.definitions.schema.policy import PolicyFile
from engine.definitions.schema.project import Project
from engine.definitions.schema.segments import SegmentsFile
from engine.definitions.schema.senders import SendersFile
from engine.definitions.schema.tiers import TiersFile

CONFIG = "config"
CAMPAIGNS = "campaigns"
SECRETS_FILE = "config/secrets.yaml"
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file. `keys`: its top-level keys; a `flat` one (campaign, project) fills the file."""

    name: str
    keys: tuple[str, ...]
    model: type[Definition]
    glob: str
    flat: bool = False


KINDS = (
    Kind("project", ("project",), Project, "config/project.yaml", flat=True),
    Kind("customers", ("customers",), CustomersFile, "config/customers.yaml"),
    Kind("segments", ("segments",), SegmentsFile, "config/segments.yaml"),
    Kind("senders", ("senders", "account-owner"), SendersFile, "config/senders.yaml"),
    Kind("feeds", ("feeds",), FeedsFile, "config/feeds.yaml"),
    Kind("offers", ("offers", "budget"), OffersFile, "config/offers.yaml"),
    Kind("policy", ("policy",), PolicyFile, "config/policy.yaml"),
    Kind("tiers", ("tiers",), TiersFile, "config/tiers.yaml"),
    Kind("campaign", ("campaign",), Campaign, "campaigns/**/*.yaml", flat=True),
)
TOP_KEYS = {key: kind for kind in KINDS for key in kind.keys}


def definition_files(root: Path) -> list[Path]:
    """config/*.yaml and campaigns/**/*.yaml, the project first, then by name; no secrets, no hidden files."""
    config = sorted(
        _yaml(root.joinpath(CONFIG).glob("*")), key=lambda path: (path.stem != "project", path.name)
    )
    campaigns = sorted(_yaml(root.joinpath(CAMPAIGNS).rglob("*")))
    return [path for path in (*config, *campaigns) if path != root / SECRETS_FILE]


def _yaml(paths: Iterable[Path]) -> list[Path]:
    return [
        path for path in paths if path.suffix in SUFFIXES and path.is_file() and not path.name.startswith(".")
    ]
