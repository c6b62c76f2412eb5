"""Every error of Touchbase, one tree.

TouchbaseError                      what the command line prints as one message; carries its exit code
├── UsageError                (2)   the command was called wrongly
├── DefinitionsError          (1)   the workspace's files have problems; carries every one of them
├── Refused                   (4)   safety, approval or policy says no; nothing was changed
├── StoreError                (5)   the database cannot be opened, read or written
│   ├── StoreLocked           (5)   another writer holds it longer than we wait
│   ├── StoreCorrupt          (5)   it is not a database, damaged, or newer than this program
│   └── LeaseLost             (5)   another process was given what this one thought it held; nothing was sent
├── NetworkError              (5)   an address could not be reached or must not be reached
│   ├── AddressRefused        (5)   the address lies in a private network and that is not allowed
│   ├── TooLarge              (5)   the answer was larger than its limit
│   ├── TooSlow               (5)   the answer did not arrive in time
│   └── BadAnswer             (5)   the server answered with an error status
├── FeedUnreadable            (1)   a feed could not be fetched or is not a feed
├── ProviderError             (5)   an email API failed as a whole; says whether the batch may have left
│   ├── NotSent               (5)   certainly nothing left; may be tried again
│   ├── AccountFault          (5)   the account, not the letter, is at fault: stop the run
│   ├── BatchRefused          (5)   nothing of the batch was taken for something in it: send halves
│   └── Unknown               (5)   the batch may or may not have been accepted
├── WebhookRefused            (4)   a provider's news could not be believed or read; nothing was changed
├── UnsupportedFeature        (1)   the chosen provider or this version cannot express what was asked
├── LetterError               (1)   one letter cannot be made (a missing value, an unsafe header)
│   └── TemplateError         (1)   a template cannot be read or compiled; carries file and line
└── ImportRefused             (1)   an import file cannot be read at all
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.model.problem import Problem


class TouchbaseError(Exception):
    """Root of the tree.

    Args:
        message: what happened, in a sentence a marketer can read.
        help: what to do about it; printed on its own line.
    """

    exit_code = 1

    def __init__(self, message: str, *, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class UsageError(TouchbaseError):
    """The command was called wrongly."""

    exit_code = 2


class DefinitionsError(TouchbaseError):
    """The workspace's files have problems; `problems` holds every one, `root` the workspace."""

    def __init__(self, problems: Sequence[Problem], root: Path) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'' if count == 1 else 's'} found")
        self.problems = list(problems)
        self.root = root


class Refused(TouchbaseError):
    """Safety, approval or policy says no; nothing was changed."""

    exit_code = 4


class StoreError(TouchbaseError):
    """The database cannot be opened, read or written."""

    exit_code = 5


class StoreLocked(StoreError):
    """Another writer holds the database longer than we wait."""


class StoreCorrupt(StoreError):
    """The file is not a database, is damaged, or was written by a newer version."""


class LeaseLost(StoreError):
    """Deliveries this process had claimed are no longer its own: stop, nothing of the batch was sent."""


class NetworkError(TouchbaseError):
    """An address could not be reached or must not be reached."""

    exit_code = 5


class AddressRefused(NetworkError):
    """The address lies in a private network and `allow_private_networks` is false."""


class TooLarge(NetworkError):
    """The answer was larger than its limit."""


class TooSlow(NetworkError):
    """The answer did not arrive in time."""


class BadAnswer(NetworkError):
    """The server answered, but with an error.

    `status` is the HTTP status; 410 means the page is gone for good.
    `retry_after` is the server's own wish in seconds, or None.
    """

    def __init__(
        self, message: str, *, help: str = "", status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(message, help=help)
        self.status = status
        self.retry_after = retry_after


class FeedUnreadable(TouchbaseError):
    """A feed could not be fetched, or what was fetched is not a feed."""


class ProviderError(TouchbaseError):
    """An email API failed for a whole batch."""

    exit_code = 5


class NotSent(ProviderError):
    """Certainly nothing left: connection refused, DNS, TLS, 429, a documented refusal.

    `retry_after` is the provider's own wish in seconds, or None.
    """

    def __init__(self, message: str, *, help: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, help=help)
        self.retry_after = retry_after


class AccountFault(ProviderError):
    """The account is at fault (token, unverified sender, quota of the day): stop the run, blame no letter."""


class BatchRefused(ProviderError):
    """Certainly nothing of this batch was taken, for something in it; smaller batches find the letter."""


class Unknown(ProviderError):
    """The batch may or may not have been accepted: time-out after the body, 5xx, an unreadable answer."""


class WebhookRefused(TouchbaseError):
    """A provider's news could not be believed or read; nothing was changed.

    `status`: the HTTP status to answer with. 401: no or a wrong proof; 403: no key is configured, so that the
    endpoint is off; 400: proven, but not readable; 503: the proof could not be had now, so ask again.
    """

    exit_code = 4

    def __init__(self, message: str, *, help: str = "", status: int = 401) -> None:
        super().__init__(message, help=help)
        self.status = status


class UnsupportedFeature(TouchbaseError):
    """The chosen provider, or this version, cannot express what was asked. Never dropped silently."""


class LetterError(TouchbaseError):
    """One letter cannot be made; `reason` is the short word stored with the skipped delivery."""

    def __init__(self, message: str, *, reason: str = "missing_value", help: str = "") -> None:
        super().__init__(message, help=help)
        self.reason = reason


class TemplateError(LetterError):
    """A template cannot be read or compiled; `file` and `line` say where (line 0: unknown)."""

    def __init__(self, message: str, *, file: str = "", line: int = 0, help: str = "") -> None:
        super().__init__(message, reason="template_error", help=help)
        self.file = file
        self.line = line


class ImportRefused(TouchbaseError):
    """An import file cannot be read at all (no key column, not text)."""
