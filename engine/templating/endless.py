"""Templates that come to no end, or grow without one, are stopped where they stand."""

from __future__ import annotations

import ctypes
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from jinja2.nodes import Node

from engine.errors import TemplateError
from engine.templating.specialise.place import Place

SECONDS = 2.0
"""Processor time one letter's template may take: a usual one takes hundredths of it."""

MEMORY = 1_000_000_000
"""Bytes a template may ask for beyond what the process holds; Gmail cuts letters at 102,000."""

LOOK_EVERY = 0.05
STATM = Path("/proc/self/statm")


class Overrun(BaseException):
    """Raised inside the template's own work; nothing in between may take it for a mistake of the letter's."""


class _Watch:
    """Looks at the processor time of the thread that works, and interrupts it once that is too much."""

    def __init__(self, seconds: float) -> None:
        self.worker = threading.get_ident()
        self.clock = time.pthread_getcpuclockid(self.worker)
        self.until = time.clock_gettime(self.clock) + seconds
        self.over = threading.Event()
        self.turn = threading.Lock()
        self.thread = threading.Thread(target=self._look, name="watch over a template", daemon=True)
        self.thread.start()

    def _look(self) -> None:
        while not self.over.wait(LOOK_EVERY):
            if time.clock_gettime(self.clock) > self.until:
                with self.turn:
                    if not self.over.is_set():
                        self._interrupt(Overrun)
                return

    def _interrupt(self, error: type[BaseException] | None) -> None:
        given = ctypes.py_object(error) if error is not None else None
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.worker), given)

    def end(self) -> None:
        """Nothing is interrupted from here on."""
        with self.turn:
            self.over.set()
            self._interrupt(None)
        self.thread.join()


@contextmanager
def coming_to_an_end(template: str, seconds: float = SECONDS) -> Iterator[None]:
    """What is done in this block ends in time and within bounds, or TemplateError says where it stood.

    `template`: its name, for where the place cannot be told. The memory is bounded where one thread has the process
    to itself; a single step of Python that takes long by itself is not interrupted.
    """
    alone = threading.active_count() == 1
    try:
        watch = _Watch(seconds)
        try:
            with _bounded_memory(alone):
                yield
        finally:
            watch.end()
    except Overrun as error:
        said = f"the template comes to no end: stopped after {seconds:g} seconds"
        raise _stopped(said, "look at its loops", template, error.__traceback__) from None
    except MemoryError as error:
        said = f"the template grows without end: stopped at {MEMORY // 1_000_000:,} MB"
        raise _stopped(said, "look at its loops", template, error.__traceback__) from None
    except RecursionError as error:
        said = "the template comes to no end: something in it calls itself again and again"
        raise _stopped(said, "look at its macros and includes", template, error.__traceback__) from None


def _stopped(said: str, help: str, template: str, raised: TracebackType | None) -> TemplateError:
    file, line = _standing(raised) or (template, 0)
    return TemplateError(said, file=file or template, line=line, help=help)


def _standing(raised: TracebackType | None) -> tuple[str, int] | None:
    """The innermost place of a template in a traceback: of Jinja's own code, or of the statements of stage 1."""
    found: tuple[str, int] | None = None
    while raised is not None:
        compiled = raised.tb_frame.f_globals.get("__jinja_template__")
        node, place = (raised.tb_frame.f_locals.get(name) for name in ("node", "place"))
        if compiled is not None:
            found = compiled.name or "", compiled.get_corresponding_lineno(raised.tb_lineno)
        elif isinstance(node, Node) and isinstance(place, Place):
            found = place.execution.source.name or "", node.lineno
        raised = raised.tb_next
    return found


@contextmanager
def _bounded_memory(alone: bool) -> Iterator[None]:
    """Lets the process grow by MEMORY at most; nothing where other threads would feel it, or where it cannot be told."""
    if not alone or not STATM.exists():
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = int(STATM.read_text().split()[0]) * resource.getpagesize() + MEMORY
    if before[0] != resource.RLIM_INFINITY and before[0] <= most:
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
