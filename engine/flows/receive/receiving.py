"""Takes news of letters in one transaction: kept once, the ledger forward, the history, consent and suppressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.flows.receive import quarantine, suppressing
from engine.flows.receive.standing import ARRIVED, BOUNCED, COMPLAINED, Standing
from engine.flows.receive.understanding import AGAINST, Ears, Piece, cleaned, understand
from engine.model.heard import Bounce, Effect, Heard, News
from engine.model.words import State
from engine.store import events, heard, subscriptions, suppressions
from engine.store.heard import Row
from engine.store.ledger import closing
from engine.store.ledger.holding import hold

if TYPE_CHECKING:
    from sqlalchemy import Connection

BECOMES = {
    News.DELIVERED: State.DELIVERED,
    News.BOUNCED: State.BOUNCED,
    News.REFUSED: State.BOUNCED,
    News.COMPLAINED: State.COMPLAINED,
}
"""What a delivery becomes; any other news proves that its letter was accepted."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one piece of news.

    `effect`: None where it was known already. `action`: known, ignore, note, suppress, pause, unsubscribe or hold.
    """

    effect: Effect | None
    action: str
    campaign: str = ""
    customer: int | None = None


def receive(connection: Connection, ears: Ears, items: Sequence[Heard], now: datetime) -> list[Received]:
    """Takes everything one call or one mail says, in the caller's transaction; what became of each, in order.

    Told twice counts once, in whatever order, and whoever else tells it at the same time.
    """
    heard.take_turn(connection)
    pieces = understand(connection, ears, [cleaned(item, now) for item in items], now)
    numbers = heard.insert(connection, ears.provider, [_row(piece) for piece in pieces], now)
    new: dict[str, Piece] = {}
    for piece in pieces:
        if piece.heard.identity in numbers:
            new.setdefault(piece.heard.identity, piece)
    fresh = [piece for piece in new.values() if piece.effect is not Effect.ORPHAN]
    _move_ledger(connection, fresh, now)
    _remember(connection, ears, fresh)
    _unsubscribe(connection, ears, fresh, now)
    runs = {piece.match.run if piece.match else None for piece in fresh if piece.hard}
    held = quarantine.look(connection, runs, now)
    standings = _suppress(connection, ears, fresh, held, now)
    answers = []
    for piece in pieces:
        first = new.pop(piece.heard.identity, None)
        answers.append(_answer(piece, held, standings, now) if first is piece else _known(piece))
    return answers


def _row(piece: Piece) -> Row:
    item, match = piece.heard, piece.match
    return Row(
        identity=item.identity,
        news=item.news,
        at=item.at,
        effect=piece.effect,
        delivery=match.delivery if match else None,
        run=match.run if match else None,
        customer=piece.customer,
        address_hash=piece.address,
        # Of a person who was forgotten, or of somebody else's, no more is kept than that there was news.
        provider_id=item.provider_id if piece.customer is not None else "",
        bounce=item.bounce,
        machine=item.machine,
        detail=item.detail if piece.customer is not None else "",
    )


def _move_ledger(connection: Connection, pieces: Sequence[Piece], now: datetime) -> None:
    becoming: dict[State, set[int]] = {state: set() for state in (State.ACCEPTED, *BECOMES.values())}
    names: dict[int, str] = {}
    for piece in pieces:
        if piece.match is None:
            continue
        becoming[BECOMES.get(piece.heard.news, State.ACCEPTED)].add(piece.match.delivery)
        if piece.heard.provider_id and not piece.match.provider_id:
            names[piece.match.delivery] = piece.heard.provider_id
    # One state after the other would be another order than a receipt's.
    hold(connection, (piece.match.delivery for piece in pieces if piece.match is not None))
    for state, deliveries in becoming.items():
        closing.hear_all(connection, sorted(deliveries), state, now)
    closing.name(connection, names)


def _remember(connection: Connection, ears: Ears, pieces: Sequence[Piece]) -> None:
    """The customer's own history: every piece of news is an event of theirs."""
    told = [
        events.Told(
            piece.customer, str(piece.heard.news), piece.heard.at, _fields(piece), piece.heard.identity
        )
        for piece in pieces
        if piece.customer is not None
    ]
    events.record_all(connection, told, ears.provider)


def _fields(piece: Piece) -> dict[str, object]:
    item = piece.heard
    found: dict[str, object] = {
        "campaign": piece.match.campaign if piece.match else "",
        "run": piece.match.run if piece.match else "",
        "bounce": str(item.bounce or ""),
        "url": item.url,
        "machine": item.machine,
        "detail": item.detail,
    }
    return {name: value for name, value in found.items() if value}


def _unsubscribe(connection: Connection, ears: Ears, pieces: Sequence[Piece], now: datetime) -> None:
    known = set(ears.topics.values())
    for piece in pieces:
        if piece.heard.news is not News.UNSUBSCRIBED or piece.heard.machine or piece.customer is None:
            continue
        about = ears.topics.get(piece.match.campaign, "") if piece.match else ""
        topic = piece.heard.topic if piece.heard.topic in known else about
        source = f"{ears.provider}'s unsubscribe"
        if not topic:
            subscriptions.leave_all(connection, piece.customer, source, now)
        elif subscriptions.topics(connection, piece.customer).get(topic) is not False:
            subscriptions.leave(connection, piece.customer, topic, source, now)


def _suppress(
    connection: Connection, ears: Ears, pieces: Sequence[Piece], held: quarantine.Held, now: datetime
) -> dict[str, list[Standing]]:
    touched = {piece.address for piece in pieces if piece.heard.news in AGAINST} | set(held.addresses)
    for_them = sorted({piece.address for piece in pieces if piece.heard.news in ARRIVED} - touched)
    touched |= suppressions.of_addresses(connection, for_them).keys()
    standings = suppressing.follow(connection, touched - {""}, now)
    for piece in pieces:
        if piece.heard.news is News.COMPLAINED and piece.match is not None:
            for later in piece.match.addresses[1:]:
                source = f"{ears.provider}, about an earlier address"
                suppressions.add(connection, later, "marketing", COMPLAINED, source, piece.heard.at)
    return standings


def _answer(
    piece: Piece, held: quarantine.Held, standings: Mapping[str, list[Standing]], now: datetime
) -> Received:
    campaign = piece.match.campaign if piece.match else ""
    effect, action = piece.effect, "note"
    found = standings.get(piece.address, []) if piece.heard.news in AGAINST else []
    if effect is Effect.ORPHAN:
        action = "ignore"
    elif piece.hard and (piece.match.run if piece.match else None) in held.runs:
        effect, action = Effect.QUARANTINED, "hold"
    elif piece.heard.news is News.UNSUBSCRIBED and effect is Effect.APPLIED:
        action = "unsubscribe"
    elif piece.hard or piece.heard.news is News.COMPLAINED or _closed_again(piece, found):
        action = "suppress"
    elif piece.heard.bounce is Bounce.SOFT and any(each.until and each.until > now for each in found):
        action = "pause"
    return Received(effect, action, campaign, piece.customer)


def _closed_again(piece: Piece, found: Sequence[Standing]) -> bool:
    return piece.heard.bounce is Bounce.DISABLED and any(each.reason == BOUNCED for each in found)


def _known(piece: Piece) -> Received:
    return Received(None, "known", piece.match.campaign if piece.match else "", piece.customer)
