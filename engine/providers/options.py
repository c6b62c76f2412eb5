"""A provider's settings as written in `config/project.yaml`, read one by one with errors that name them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.errors import UsageError

ALWAYS = frozenset({"type", "workspace", "allow_private_networks"})
"""`type` chose the provider; the registry adds the other two from the project around it."""


class Options:
    """Reads the options of one provider. Every method raises UsageError with the option's name."""

    def __init__(self, provider: str, written: Mapping[str, object], known: frozenset[str]) -> None:
        self.provider = provider
        self.written = written
        unknown = sorted(
            key for key in written if key not in known and key not in ALWAYS and not key.startswith("x-")
        )
        if unknown:
            raise self.wrong(unknown[0], f"is not an option; there are {', '.join(sorted(known))}")

    def wrong(self, option: str, why: str) -> UsageError:
        """The error for one option."""
        return UsageError(f"provider `{self.provider}`: {option} {why}", help="see config/project.yaml")

    def text(self, option: str, default: str | None = None) -> str:
        """A text; without a default it must be there."""
        value = self.written.get(option, default)
        if value is None or value == "":
            raise self.wrong(option, "is missing")
        if not isinstance(value, str):
            raise self.wrong(option, f"must be a text, not {value!r}")
        return value

    def optional(self, option: str) -> str:
        """A text that may be missing: "" then."""
        return self.text(option) if self.written.get(option) else ""

    def yes(self, option: str, default: bool) -> bool:
        """True or false."""
        value = self.written.get(option, default)
        if not isinstance(value, bool):
            raise self.wrong(option, f"must be true or false, not {value!r}")
        return value

    def number(self, option: str, default: float | None = None) -> float | None:
        """A number above zero."""
        value = self.written.get(option, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise self.wrong(option, f"must be a number above 0, not {value!r}")
        return float(value)

    def one_of(self, option: str, allowed: tuple[str, ...], default: str) -> str:
        """One word of a few."""
        value = self.text(option, default)
        if value not in allowed:
            raise self.wrong(option, f"must be one of {', '.join(allowed)}, not `{value}`")
        return value

    def path(self, option: str, default: str) -> Path:
        """A path; a relative one starts at the workspace."""
        written = self.written.get("workspace")
        workspace = written if isinstance(written, Path) else Path()
        return workspace / self.text(option, default)

    @property
    def allow_private_networks(self) -> bool:
        """What the project says about private networks."""
        return self.written.get("allow_private_networks") is True
