"""Codes nobody can guess: drawn from signs that cannot be confused, never the same twice."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence

from engine.errors import UsageError

# Without 0 O 1 I L, which people confuse, and without vowels, so that no code is a word.
SIGNS = "23456789BCDFGHJKMNPQRSTVWXYZ"
PLACE = "#"
# Who tries codes at random finds a living one in a million tries, on average; a shop notices long before.
TRIES_PER_HIT = 1_000_000
# How many codes an offer without a limit is thought to give.
ASSUMED_LIMIT = 100_000
MOST_CHARACTERS = 64

# Each random byte below the largest multiple of the number of signs is one sign; the rest is thrown away, so
# that every sign is equally likely.
_USED = 256 // len(SIGNS) * len(SIGNS)
_TABLE = bytes(SIGNS[byte % len(SIGNS)].encode()[0] for byte in range(256))
_THROWN = bytes(range(_USED, 256))

Taken = Callable[[Sequence[str]], Collection[str]]


def room(pattern: str) -> int:
    """How many different codes the pattern can make."""
    return int(len(SIGNS) ** pattern.count(PLACE))


def signs_needed(count: int) -> int:
    """How many `#` a pattern needs so that `count` codes cannot be guessed."""
    signs = 1
    while len(SIGNS) ** signs < count * TRIES_PER_HIT:
        signs += 1
    return signs


def pattern_problem(pattern: str, limit: int | None = None) -> tuple[str, str] | None:
    """What is wrong with a pattern for so many codes, as a message and a help; None when it is good."""
    count = limit or ASSUMED_LIMIT
    example = "BACK-" + "-".join(_groups(signs_needed(count)))
    if len(pattern) > MOST_CHARACTERS or not pattern.isprintable() or any(sign.isspace() for sign in pattern):
        return f"`{pattern[:MOST_CHARACTERS]}` cannot be typed as a code", f"write it like `{example}`"
    if room(pattern) < count * TRIES_PER_HIT:
        return (
            f"codes like `{pattern}` could be guessed",
            f"{count:,} codes need at least {signs_needed(count)} `{PLACE}`, like `{example}`",
        )
    return None


def _groups(signs: int) -> list[str]:
    """So many places in readable groups of four."""
    return [PLACE * min(4, signs - start) for start in range(0, signs, 4)]


def generate(pattern: str, count: int, taken: Taken, *, limit: int | None = None) -> list[str]:
    """`count` new codes, all different and none of them taken.

    Args:
        pattern: each `#` becomes a random sign, everything else stays.
        count: how many.
        taken: told some codes, answers which of them exist already; asked once per round, not once per code.
        limit: how many codes the offer gives in all; None when it has no limit.

    Raises:
        UsageError: the pattern has too little room for so many codes.
    """
    problem = pattern_problem(pattern, max(count, limit or 0) or None)
    if problem:
        raise UsageError(problem[0], help=problem[1])
    fresh: dict[str, None] = {}
    while len(fresh) < count:
        drawn = [code for code in _drawn(pattern, count - len(fresh)) if code not in fresh]
        gone = set(taken(drawn))
        fresh |= dict.fromkeys(code for code in drawn if code not in gone)
    return list(fresh)


def _drawn(pattern: str, count: int) -> list[str]:
    """So many codes at random, maybe some of them equal."""
    places = pattern.count(PLACE)
    signs = _random_signs(places * count)
    form = pattern.replace("{", "{{").replace("}", "}}").replace(PLACE, "{}")
    return [form.format(*signs[start : start + places]) for start in range(0, places * count, places)]


def _random_signs(count: int) -> str:
    """So many equally likely signs from the machine's own source of secrets."""
    signs = b""
    while len(signs) < count:
        signs += secrets.token_bytes((count - len(signs)) * 9 // 8 + 8).translate(_TABLE, _THROWN)
    return signs[:count].decode()
