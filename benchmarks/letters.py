"""Letters a second: the plain way, Touchbase with its whole ledger, and the raw limit, in one run.

Every round goes through all ways, one after the other; the table has the medians of the rounds, and ratios are
taken within a round. `python -m benchmarks --only letters` runs it.
"""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.newsletter import write_workspace
from benchmarks.race import Race, race, touchbase
from benchmarks.sinks import SINKS, Sink, counted, running
from benchmarks.table import Table

PLAIN_LETTERS = 40
PLAIN, LIMIT = "(a) the plain way", "(c) the raw limit"
COLUMNS = (
    "way", "letters", "letters/s", "CPU µs a letter", "of it ledger", "peak MB a process", "× the plain way",
    "of the raw limit",
)  # fmt: skip


@dataclass(frozen=True)
class Way:
    """A row of the table: what to run, and in how many processes."""

    name: str
    processes: int
    run: Callable[[], Race]


def measure(folder: Path, provider: str, customers: int, rounds: int, processes: int = 2) -> Table:
    """The table for one provider. `customers`: letters of each round; the plain way sends a few and is scaled up."""
    sink = SINKS[provider]
    planned = folder / "planned"
    with running() as url:
        prepare(planned, sink, url, customers)
        size = sample(folder, planned, sink, url)
        ways = ways_to_send(folder, planned, sink, url, size, customers, processes)
        results: dict[str, list[Race]] = {way.name: [] for way in ways}
        for _ in range(rounds):
            for way in ways:
                before = counted(url)["messages"]
                found = way.run()
                check(way, found, counted(url)["messages"] - before, customers)
                results[way.name].append(found)
    return table(provider, results, size)


def ways_to_send(
    folder: Path, planned: Path, sink: Sink, url: str, size: int, customers: int, processes: int
) -> list[Way]:
    """Each way once."""

    def whole(senders: int) -> Callable[[], Race]:
        return lambda: race("touchbase", (copied(folder, planned), "newsletter"), senders)

    share = customers // processes
    return [
        Way(
            f"{PLAIN}: render, premailer and a call for each person; {PLAIN_LETTERS} letters",
            1,
            lambda: race("plain", (planned, url, PLAIN_LETTERS), 1),
        ),
        Way("(b) Touchbase, one sender", 1, whole(1)),
        Way(f"(b) Touchbase, {processes} senders", processes, whole(processes)),
        Way(
            f"{LIMIT}: ready-made bodies, {processes} processes",
            processes,
            lambda: race("raw", (url, size, sink.batch, share), processes),
        ),
    ]


def prepare(planned: Path, sink: Sink, url: str, customers: int) -> None:
    """A workspace with everybody imported and the newsletter's run planned; nothing has left yet."""
    write_workspace(planned, customers=customers, sink=sink, url=url)
    touchbase(planned, "import", "customers", "customers.csv", "--json")
    race("planning", (planned, "newsletter"), 1)


def sample(folder: Path, planned: Path, sink: Sink, url: str) -> int:
    """Bytes of one letter as it goes out, from one call that is really made."""
    before = counted(url)
    touchbase(copied(folder, planned), "send", "newsletter", "--yes", "--limit", str(sink.batch), "--json")
    after = counted(url)
    return (after["bytes"] - before["bytes"]) // (after["messages"] - before["messages"])


def copied(folder: Path, planned: Path) -> Path:
    """A copy of the planned workspace for one round; the one before is thrown away."""
    copy = folder / "round"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(planned, copy)
    return copy


def check(way: Way, found: Race, arrived: int, customers: int) -> None:
    """What the senders say they handed over is what arrived, and from us everybody's, or the numbers mean nothing."""
    ours = not way.name.startswith((PLAIN, LIMIT))
    if found.letters != arrived or (ours and arrived != customers):
        raise SystemExit(
            f"{way.name}: {arrived} arrived, {found.letters} reported, for {customers} customers"
        )


def table(provider: str, results: dict[str, list[Race]], size: int) -> Table:
    """Medians over the rounds; ratios within each round."""
    slowest = next(found for name, found in results.items() if name.startswith(PLAIN))
    fastest = next(found for name, found in results.items() if name.startswith(LIMIT))
    rows = []
    for name, found in results.items():
        ours = not name.startswith((PLAIN, LIMIT))
        times = [one.rate / base.rate for one, base in zip(found, slowest, strict=True)]
        parts = [one.rate / limit.rate for one, limit in zip(found, fastest, strict=True)]
        rows.append(
            (
                name,
                f"{found[0].letters:,}",
                f"{statistics.median(one.rate for one in found):,.0f}",
                f"{statistics.median(one.microseconds for one in found):,.1f}",
                f"{statistics.median(one.ledger / one.cpu for one in found):.0%}" if ours else "",
                f"{max(one.peak for one in found):.0f}",
                f"{statistics.median(times):,.0f}",
                f"{statistics.median(parts):.2f}",
            )
        )
    before = statistics.median(
        one.before for name, found in results.items() if "(b)" in name for one in found
    )
    note = (
        f"{provider}; {size:,} bytes a letter as it goes out; medians of {len(fastest)} rounds. "
        f"Getting ready takes a sender {before:.1f} s of CPU once, however many letters follow; it is not in the table."
    )
    return Table(f"letters {provider}", COLUMNS, rows, note)
