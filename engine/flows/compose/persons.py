"""Deliveries' rows in the order their filler asks for the values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from engine.errors import TemplateError
from engine.templating.tracking import CLICK, OPEN

if TYPE_CHECKING:
    from engine.store.persons import Column

LINKS = {
    "unsubscribe_url": "unsubscribe",
    "preferences_url": "preferences",
    "web_url": "web",
    CLICK: "click",
    OPEN: "open",
}
"""A link's name in a letter, and the purpose its token is signed for."""

SYSTEM = ("to.address", "to.name", "reference", "message_id")
DELIVERY, CUSTOMER, ADDRESS = 0, 1, 2
"""Places in a row of engine.store.persons.read; the wanted values follow."""

Person = tuple[Any, ...]


class Persons:
    """Turns rows into persons for one filler.

    Args:
        inputs: what the filler asks for, in its order.
        columns: every value the store can read.
        links: from deliveries' references to the links of each, in the order in which `inputs` names them.
        reference: from a delivery's number to our opaque id.
        domain: the right side of each Message-ID.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        columns: Mapping[str, Column],
        links: Callable[[Sequence[str]], Sequence[tuple[str, ...]]],
        reference: Callable[[int], str],
        domain: str,
    ) -> None:
        self.whole = tuple(name for name in inputs if name in ("customer", "offer"))
        names = [
            name for name in inputs if name not in SYSTEM and name not in LINKS and name not in self.whole
        ]
        for whole in self.whole:
            names += [name for name in columns if name.startswith(f"{whole}.")]
        self.names = tuple(dict.fromkeys(names))
        unknown = [name for name in self.names if name not in columns]
        if unknown:
            raise TemplateError(f"a template asks for `{unknown[0]}`, which no customer has")
        self.wanted = tuple(columns[name] for name in self.names)
        self.links = links
        self.reference = reference
        self.ending = f"@{domain}>"
        places = {name: 3 + place for place, name in enumerate(self.names)}
        after = 3 + len(self.names)
        extra = [
            "to.name",
            "reference",
            "message_id",
            *(name for name in inputs if name in LINKS),
            *self.whole,
        ]
        places.update({name: after + place for place, name in enumerate(extra)})
        places["to.address"] = ADDRESS
        self.order = itemgetter(*(places[name] for name in inputs))

    def __call__(self, rows: Sequence[Person]) -> list[Person]:
        """Each row's values in the filler's order."""
        order, ending = self.order, self.ending
        references = [self.reference(row[DELIVERY]) for row in rows]
        return [
            order((*row, None, reference, f"<{reference}{ending}", *links, *self._records(row)))
            for row, reference, links in zip(rows, references, self.links(references), strict=True)
        ]

    def _records(self, row: Person) -> list[dict[str, Any]]:
        return [self._record(row, whole) for whole in self.whole]

    def _record(self, row: Person, whole: str) -> dict[str, Any]:
        return {
            name.partition(".")[2]: row[3 + place]
            for place, name in enumerate(self.names)
            if name.startswith(f"{whole}.") and row[3 + place] is not None
        }
