"""Asking an email API about the account itself: a question that changes nothing and sends nothing."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from engine.errors import AccountFault, BatchRefused, NotSent
from engine.network.lane import Answer, Lane
from engine.providers import answers


async def ask(
    provider: str, lane: Lane, path: str, headers: Mapping[str, str] | None = None
) -> Mapping[str, object]:
    """What the API says of the account. AccountFault: it does not know us. NotSent: it could not be asked."""
    return read(provider, await lane.get(path, headers))


def read(provider: str, answer: Answer) -> Mapping[str, object]:
    """The object in an answer about the account; the errors of `ask` for every other answer."""
    found = content(answer)
    if answer.status == 200:
        if not isinstance(found, dict):
            raise NotSent(
                f"{provider} answered something that is not about an account", help=answers.URL_HELP
            )
        return found
    if answer.status >= 500:
        raise NotSent(f"{provider} answered {answer.status}", help="look at its status page, and try again")
    error = answers.refusal(provider, answer)
    raise AccountFault(error.message, help=answers.URL_HELP) if isinstance(error, BatchRefused) else error


def content(answer: Answer) -> object:
    """The JSON of an answer; None where it is none."""
    try:
        return orjson.loads(answer.body)
    except ValueError:
        return None


def listed(found: Mapping[str, object], key: str) -> list[object]:
    """A list in an answer; empty where there is none."""
    value = found.get(key)
    return value if isinstance(value, list) else []


def items(answer: Answer, provider: str) -> list[object]:
    """An answer that is a list; the errors of `ask` for every other one."""
    found = content(answer)
    if answer.status == 200 and isinstance(found, list):
        return found
    read(provider, answer)
    raise NotSent(f"{provider} answered something that is no list", help=answers.URL_HELP)
