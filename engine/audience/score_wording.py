"""Why somebody has their score, in words: put together by the database, so that every change carries its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, case, cast, func, literal, select

from engine.audience.scoring import DAY, FINENESS
from engine.definitions.schema.tiers import Criterion
from engine.store import tables
from engine.store.tier_scores import BY_HAND, Sheets


def reason(criteria: Sequence[Criterion], sheets: Sheets, ranked: int) -> ColumnElement[Any]:
    """For a row of the scores: `spend 812 in 24 months: band 5 of 5; 13 points, place 4 of 2357`.

    `ranked`: of how many with a score. A tier given by hand has its own reason.
    """
    score = sheets.scores.c
    words: ColumnElement[Any] = literal("", Text)
    for number, criterion in enumerate(criteria):
        words = words.concat(_part(criterion, score[f"v{number}"], score[f"b{number}"])).concat("; ")
    place = case(
        (score.place.is_not(None), literal(", place ").concat(_text(score.place)).concat(f" of {ranked}")),
        else_="",
    )
    words = words.concat(_text(score.points)).concat(" points").concat(place)
    pins = tables.tier_pins
    by_hand = select(pins.c.because).where(pins.c.customer == score.customer).scalar_subquery()
    return case((score.how == BY_HAND, literal("by hand: ").concat(by_hand)), else_=words)


def _part(criterion: Criterion, found: ColumnElement[Any], band: ColumnElement[Any]) -> ColumnElement[Any]:
    value = func.coalesce(_value(criterion, found), _nothing(criterion))
    span = f" in {criterion.within}" if criterion.within is not None else ""
    twice = f", counts {criterion.weight} times" if criterion.weight > 1 else ""
    words = literal(f"{criterion.name} ").concat(value).concat(f"{span}: band ").concat(_text(band))
    return words.concat(f" of {criterion.bands.number}{twice}")


def _value(criterion: Criterion, found: ColumnElement[Any]) -> ColumnElement[Any]:
    """What was found, in words; NULL where nothing was. Amounts are rounded to whole ones."""
    if criterion.count is not None:
        return _text(found)
    if criterion.since_last is not None:
        return _text(-found // DAY).concat(" days ago")
    if criterion.since is not None:
        return _text(found // DAY).concat(" days")
    half = FINENESS // 2
    size = (func.abs(found) + half) // FINENESS
    sign = case((found <= -half, "-"), (found >= half, "+" if criterion.growth is not None else ""), else_="")
    return sign.concat(_text(size))


def _nothing(criterion: Criterion) -> str:
    if criterion.since_last is not None:
        return "never"
    return "unknown" if criterion.since is not None or criterion.field is not None else "none"


def _text(number: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(cast(number, BigInteger), Text)
