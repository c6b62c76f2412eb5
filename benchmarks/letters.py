"""Letters a second: the plain way, Touchbase with its whole ledger, and the raw limit, in one run.

`python -m benchmarks.letters [--customers 100000] [--processes 2] [--database postgresql://…]`
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.newsletter import write_workspace

BATCH = 500
PLAIN_LETTERS = 60


@dataclass(frozen=True)
class Measured:
    """One way of sending: `cpu` and `seconds` over all its processes, `peak` the largest process in MB."""

    name: str
    letters: int
    seconds: float
    cpu: float
    peak: float

    @property
    def rate(self) -> float:
        return self.letters / self.seconds

    @property
    def microseconds(self) -> float:
        return self.cpu / self.letters * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--database", default="sqlite:///touchbase.db")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="touchbase-bench-") as name:
        folder = Path(name)
        sink, url = start_sink(folder)
        try:
            rows = run(folder, url, options)
        finally:
            sink.terminate()
            sink.wait()
    print_table(rows)


def run(folder: Path, url: str, options: argparse.Namespace) -> list[Measured]:
    """All three ways, one after the other, against the same sink."""
    write_workspace(folder, customers=options.customers, database=options.database, provider="sink", url=url)
    command(folder, "import", "customers", "customers.csv", "--json")
    one = touchbase(folder, options.customers, processes=1, label="(b) Touchbase, 1 process")
    if options.database.startswith("sqlite"):
        for path in folder.glob("touchbase.db*"):
            path.unlink()
        command(folder, "import", "customers", "customers.csv", "--json")
        two = touchbase(folder, options.customers, processes=options.processes)
    else:
        two = one
    return [plain(folder, url), one, two, raw(folder, url, options)]


def start_sink(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """A batch API on loopback that counts messages and answers like Postmark."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.doubles.postmark", "--port", "0", "--count-only"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[1],
    )
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    port = line.rsplit(":", 1)[-1].split()[-1].strip("/")
    return process, f"http://127.0.0.1:{port}"


def command(folder: Path, *arguments: str) -> str:
    """One touchbase command in the workspace; its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "engine", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
    )
    if done.returncode != 0:
        raise SystemExit(f"touchbase {' '.join(arguments)} failed:\n{done.stderr}{done.stdout}")
    return done.stdout


def touchbase(folder: Path, customers: int, *, processes: int, label: str = "") -> Measured:
    """The whole ledger: planned beforehand with --limit 1, then timed from start to end of the senders."""
    command(folder, "send", "newsletter", "--yes", "--limit", "1", "--json")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    senders = [
        subprocess.Popen(
            [sys.executable, "-m", "engine", "send", "newsletter", "--yes", "--json"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        )
        for _ in range(processes)
    ]
    answers = [sender.communicate() for sender in senders]
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    run_id = json.loads(answers[0][0])["run"]
    final = json.loads(command(folder, "runs", run_id, "--json"))
    if final["accepted"] != customers:
        raise SystemExit(f"the ledger has {final['accepted']} accepted, not {customers}: {answers}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(
        label or f"(b) Touchbase, {processes} processes", customers - 1, seconds, cpu, after.ru_maxrss / 1024
    )


def plain(folder: Path, url: str) -> Measured:
    """Render and inline for every person, one call each: how a first version is usually written."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_plain, (str(folder), url))


def _plain(folder: str, url: str) -> Measured:
    import csv
    import logging

    import httpx
    import jinja2
    import premailer

    from benchmarks.newsletter import SENTENCE

    logging.disable(logging.CRITICAL)
    template = jinja2.Environment(autoescape=True).from_string(
        (Path(folder) / "templates" / "newsletter.html").read_text(encoding="utf-8")
    )
    posts = [
        {
            "url": f"https://blog.reading.example/posts/{number}",
            "title": f"Post number {number} about reading slowly",
            "summary": SENTENCE * 4,
        }
        for number in range(5)
    ]
    with (Path(folder) / "customers.csv").open(encoding="utf-8") as file:
        people = [row for row, _ in zip(csv.DictReader(file), range(PLAIN_LETTERS), strict=False)]
    started, before = time.perf_counter(), time.process_time()
    with httpx.Client() as client:
        for person in people:
            html = template.render(
                customer=person,
                posts=posts,
                offer={"title": "15% off your next order", "code": os.urandom(4).hex()},
                campaign={"title": "The monthly reading list", "topic_title": "Our monthly letter"},
                sender={"name": "Reading Room"},
                company={"name": "Reading Room Ltd", "address": "1 Reading Lane"},
                unsubscribe_url="https://letters.reading.example/u/1",
            )
            inlined = premailer.Premailer(html, allow_network=False, keep_style_tags=True).transform()
            letter = {"From": "a@b.example", "To": person["email"], "Subject": "Reads", "HtmlBody": inlined}
            client.post(f"{url}/email/batch", json=[letter]).raise_for_status()
    return Measured(
        "(a) render + premailer + call per person",
        PLAIN_LETTERS,
        time.perf_counter() - started,
        time.process_time() - before,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def raw(folder: Path, url: str, options: argparse.Namespace) -> Measured:
    """Ready-made bodies of the same size in the same batches: no database, nothing personal."""
    share = options.customers // options.processes
    started = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        done = pool.map(_raw, [(url, share)] * options.processes)
    seconds = max(row[1] for row in done)
    assert time.perf_counter() - started >= seconds
    return Measured(
        f"(c) raw limit, {options.processes} processes",
        sum(row[0] for row in done),
        seconds,
        sum(row[2] for row in done),
        max(row[3] for row in done),
    )


def _raw(work: tuple[str, int]) -> tuple[int, float, float, float]:
    url, letters = work
    letter = json.dumps(
        {
            "From": "Reading Room <hello@news.reading.example>",
            "To": "reader@mail.example",
            "Subject": "Ana, 5 reads for you",
            "HtmlBody": "x" * LETTER_BYTES,
            "MessageStream": "broadcast",
        }
    ).encode()
    body = b"[" + b",".join([letter] * BATCH) + b"]"
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    started, before = time.perf_counter(), time.process_time()
    for _ in range(letters // BATCH):
        connection.request("POST", "/email/batch", body, {"Content-Type": "application/json"})
        connection.getresponse().read()
    return (
        letters // BATCH * BATCH,
        time.perf_counter() - started,
        time.process_time() - before,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


LETTER_BYTES = 33_000
"""HTML and text part of the newsletter together, as they go out; see the note under the table."""


def print_table(rows: list[Measured]) -> None:
    """The table of docs/performance.md."""
    slowest, limit = rows[0], rows[-1]
    print("| way | letters | letters/s | CPU µs/letter | peak MB | × plain | of the limit |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        print(
            f"| {row.name} | {row.letters:,} | {row.rate:,.0f} | {row.microseconds:,.1f} | {row.peak:,.0f} "
            f"| {row.rate / slowest.rate:,.0f} | {row.rate / limit.rate:.2f} |"
        )


if __name__ == "__main__":
    main()
