"""A variant's filler: a person's values in, a finished message out, by functions written for this one letter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, pairwise
from typing import Any

from jinja2.meta import find_undeclared_variables

from engine.errors import UnsupportedFeature
from engine.model.letter import Batch, Letter, Mailbox
from engine.templating.environment import LetterEnvironment, escaping
from engine.templating.filler.appending import Lay, Writing
from engine.templating.filler.composing import composed
from engine.templating.filler.cutting import Mark, MergedSkeleton, Skeleton, cut, texts_of
from engine.templating.filler.evaluating import Evaluation
from engine.templating.filler.expressions import Expressions
from engine.templating.filler.letters import (
    ADDRESS,
    FIRST,
    MESSAGE_ID,
    NAME,
    REFERENCE,
    SYSTEM,
    letter_of,
    text_writer,
)
from engine.templating.filler.needs import needs
from engine.templating.filler.nodes import Body, Chunk
from engine.templating.filler.paths import Inputs
from engine.templating.filler.reading import Reader, Slots
from engine.templating.filler.replay import told
from engine.templating.filler.values import check_header
from engine.templating.filler.whole import whole_bodies
from engine.templating.filler.wire import Wire
from engine.templating.program import Program, Source

ADDRESS_INPUT = SYSTEM[0]
DERIVED = ("preheader", "subject")
"""Texts of the letter itself that its templates may read by name."""


class Filler:
    """Makes the letters of one program for one way out.

    Args:
        finished: False where only `slots` is asked for, and only whether it fails: an undivided letter is then
            rendered without its styles being moved, which is most of the work.

    Attributes:
        inputs: the dotted names of what `slots` must be given, in order.
        required: inputs without which no letter can be made.
        may_fail: whether other expressions can fail for some people.

    Raises UnsupportedFeature where the wire merges and this letter cannot be merged; it is sent whole then.
    """

    def __init__(
        self, program: Program, wire: Wire, environment: LetterEnvironment, *, finished: bool = True
    ) -> None:
        self.merges: bool = getattr(wire, "merges", False)
        self.longest: int | None = getattr(wire, "longest", None)
        if self.merges and program.whole is not None:
            raise UnsupportedFeature(
                "nothing in this letter is the same for everybody, so it cannot be merged"
            )
        self.program = program
        self.finished = finished
        self.wire = wire
        self.environment = environment
        self.asked: dict[str, str] = {name: f"i{index}" for index, name in enumerate(SYSTEM)}
        self.bodies: dict[str, Body] = {}
        self.preheader: Body = ()
        self._slots = self.read()
        needed = needs(self.bodies.values(), DERIVED)
        self.inputs = tuple(self.asked)
        self.required = frozenset((ADDRESS_INPUT, *needed.required))
        self.may_fail = needed.may_fail
        self._lay = self.written()

    def slots(self, person: Sequence[object]) -> tuple[Any, ...]:
        """Everything personal about one letter, worked out once.

        Args:
            person: one value for each of `inputs`, plain data; None where there is none.

        Raises LetterError: `missing_value` naming what is missing, `unsafe_header`, or `template_error`.
        """
        slots: tuple[Any, ...] = self._slots(person)
        if not slots[NAME].isprintable():
            check_header("To", slots[NAME])
        return slots

    def append(self, batch: Batch, slots: Sequence[Any], key: str = "") -> None:
        """Adds the message made of these slots to the batch; see `append_all`."""
        self.append_all(batch, [tuple(slots)], [key])

    def append_all(self, batch: Batch, letters: Sequence[tuple[Any, ...]], keys: Sequence[str]) -> None:
        """Adds messages to the batch. An error leaves the batch as it was, and some letter among them is why.

        Args:
            letters: the slots of each.
            keys: the delivery's stored idempotency key of each.

        Raises LetterError, and UnsupportedFeature where a person's values cannot be merged: their letter is
        sent whole then.
        """
        parts, ends = batch.parts, batch.ends
        start, first = len(parts), len(ends)
        try:
            self._lay(parts, ends, letters)
            if self.longest is not None and longest(parts, ends[first:], start) > self.longest:
                raise UnsupportedFeature("this person's values are too long to be merged")
        except BaseException:
            del parts[start:], ends[first:]
            raise
        batch.frame = self.frame
        batch.references += [slots[REFERENCE] for slots in letters]
        batch.keys += keys
        batch.recipients += [slots[ADDRESS] for slots in letters]
        batch.senders += [self.program.sender.address] * len(letters)

    def letter(self, slots: Sequence[Any]) -> Letter:
        """The exact letter these slots made, or will make."""
        return letter_of(self.program, self.bodies, slots)

    def preheader_of(self, slots: Sequence[Any]) -> str:
        """The line after the subject in an inbox; "" where it is personal and the letter's templates do not show it."""
        if self.preheader:
            return told(self.preheader, slots, str)
        fixed = self.body(self.program.preheader, Slots(FIRST, count(1)), header=True)
        return "".join(node.text for node in fixed if isinstance(node, Chunk))

    def variable(self, name: str) -> str:
        """The Python variable of an input, asking for it from now on."""
        if name in DERIVED:
            return f"d_{name}"
        return self.asked.setdefault(name, f"i{len(self.asked)}")

    def read(self) -> Any:
        """Reads every source into a skeleton and writes the function that works out the slots."""
        program, slots = self.program, Slots(FIRST, count(1))
        evaluation = Evaluation(self.variable, self.environment.undefined)
        evaluation.lines += system_lines()
        asked = self.names_read()
        if "preheader" in asked:
            self.preheader = self.body(program.preheader, slots, header=True)
            evaluation.add(self.preheader, "p")
            evaluation.add_derived("preheader", self.preheader)
        for index, (name, source) in enumerate((("Subject", program.subject), *program.headers)):
            self.bodies[name] = self.body(source, slots, header=True)
            evaluation.add(self.bodies[name], f"h{index}_")
            evaluation.add_check(name, self.bodies[name])
        if "subject" in asked:
            evaluation.add_derived("subject", self.bodies["Subject"])
        self.bodies.update(self.letter_bodies(slots))
        evaluation.add(self.bodies["html"], "m" if program.whole else "html")
        evaluation.add(self.bodies["text"], "m" if program.whole else "text")
        self.width = slots.next
        return evaluation.function(len(self.asked), self.width)

    def letter_bodies(self, slots: Slots) -> dict[str, Body]:
        """The skeletons of both bodies."""
        program = self.program
        if program.whole is not None:
            inputs = (*program.personal, *sorted(self.names_read()))
            for name in inputs:
                self.variable(name)
            first, slots.next = slots.next, slots.next + 2
            return whole_bodies(program.whole, inputs, self.environment, first, finished=self.finished)
        return {
            "html": self.body(program.html, slots, scope="html"),
            "text": self.body(program.text, slots, scope="html" if program.text_from_html else "text"),
        }

    def names_read(self) -> set[str]:
        """Which of the letter's own texts its templates read."""
        program = self.program
        sources = [program.html.text, program.text.text]
        if program.whole is not None:
            sources = list(program.whole.templates.values())
        parse = self.environment.parse
        # Parsing a whole letter costs more than looking for the words.
        sources = [source for source in sources if any(name in source for name in DERIVED)]
        found = {name for source in sources for name in find_undeclared_variables(parse(source))}
        return found & set(DERIVED) - (set(program.whole.context) if program.whole else set())

    def body(self, source: Source, slots: Slots, *, header: bool = False, scope: str = "") -> Body:
        """One source as a skeleton. `scope`: sources of the same scope share their constants."""
        program = self.program
        expressions = Expressions(
            escaping(self.environment, source.autoescape),
            source.constants,
            Inputs((*program.personal, *(() if header else DERIVED)), program.records),
            self.variable,
            scope or f"{id(source)}",
            text_writer(True) if source is program.text and program.text_from_html else None,
        )
        return Reader(expressions, header=header).read(source.text, slots)

    def written(self) -> Lay:
        """Encodes the letter once and writes the function that lays down its bytes."""
        program, bodies = self.program, self.bodies
        texts = [text for body in bodies.values() for text in texts_of(body)]
        skeleton = MergedSkeleton(texts) if self.merges else Skeleton(texts)
        headers = {"To": f"(f'{{s{NAME}}} <{{s{ADDRESS}}}>' if s{NAME} else s{ADDRESS})"}
        headers.update({"Message-ID": f"s{MESSAGE_ID}", "reference": f"s{REFERENCE}"})

        def header(name: str) -> str:
            body = bodies[name]
            if all(isinstance(node, Chunk) for node in body):
                return "".join(node.text for node in body if isinstance(node, Chunk))
            headers[name] = composed(body)
            return skeleton.token(Mark(name))

        letter = Letter(
            sender=program.sender,
            reply_to=program.reply_to,
            to=Mailbox("", skeleton.token(Mark("To"))),
            subject=header("Subject"),
            html=skeleton.written("html", bodies["html"]),
            text=skeleton.written("text", bodies["text"]),
            message_id=skeleton.token(Mark("Message-ID")),
            date=program.date,
            reference=skeleton.token(Mark("reference")),
            campaign=program.campaign,
            headers=tuple((name, header(name)) for name, _ in program.headers),
        )
        self.frame = self.wire.frame(letter)
        writing = Writing(self.wire, headers, text_writer(program.text_from_html))
        return writing.function(cut(letter, skeleton, self.wire), self.width)


def longest(parts: Sequence[bytes], ends: Sequence[int], start: int) -> int:
    """Bytes of the longest message: message i is parts[ends[i-1]:ends[i]], the first begins at `start`."""
    return max((sum(map(len, parts[begin:end])) for begin, end in pairwise((start, *ends))), default=0)


def system_lines() -> list[str]:
    """The slots every letter has."""
    return [
        "        if not i0: need(None, 'to.address')",
        f"        s{ADDRESS} = i0",
        f"        s{NAME} = i1 or ''",
        f"        s{REFERENCE} = i2",
        f"        s{MESSAGE_ID} = i3",
    ]
