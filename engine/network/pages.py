"""What fetching is asked and what it answers; apart from the fetching, which loads an HTTP library."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """`most_bytes`: of the unpacked page. `seconds`: for everything together, redirects included."""

    most_bytes: int = 5_000_000
    seconds: float = 20.0
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave us to ask "has it changed?" with. `used`: how often in a row it was asked."""

    etag: str = ""
    last_modified: str = ""
    used: int = 0


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page. `url`: where it was found in the end. `moved_to`: its address if it moved for good, or ""."""

    url: str
    content: bytes
    content_type: str
    validators: Validators
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class NotModified:
    """The page is what it was at the last fetch. Keep `validators` for the next one; `moved_to` as above."""

    url: str
    validators: Validators
    moved_to: str = ""
