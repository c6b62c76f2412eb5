"""The exact letter again, years later: its stored variant and the stored slots of one delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.model.letter import Letter
from engine.providers.mime_wire import MimeWire
from engine.store import letters, variants
from engine.store.deliveries import Delivery
from engine.templating.environment import make_environment
from engine.templating.filler.filler import Filler
from engine.templating.filler.packing import unpack
from engine.templating.storing import load

if TYPE_CHECKING:
    from sqlalchemy import Connection


def replay(connection: Connection, delivery: Delivery) -> Letter | None:
    """The letter as it was sent; None where it never left or was erased."""
    kept = letters.of_delivery(connection, delivery.id)
    stored = variants.get(connection, delivery.variant) if delivery.variant is not None else None
    if kept is None or stored is None:
        return None
    filler = Filler(load(stored.program), MimeWire(utf8_addresses=True), make_environment(None))
    return filler.letter(unpack(kept.slots))
