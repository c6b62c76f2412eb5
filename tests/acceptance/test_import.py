"""Importing through the real command: what it says, what it keeps, and what a person watching sees."""

from __future__ import annotations

import csv
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path

from tests.acceptance.conftest import NOW, Desk

HEADER = "customer_id,E-mail,first_name,tier,topics\n"


def people(number: int) -> str:
    rows = (f"n{row},n{row}@mail.example,Name {row},gold,newsletter\n" for row in range(number))
    return HEADER + "".join(rows)


def test_bad_rows_wait_beside_the_file_and_the_repaired_file_goes_in(desk: Desk) -> None:
    bad = f"{HEADER}1,a@mail.example,A,gold,\n2,b@@mail.example,B,gold,\n3,c@mail.example,C,tin,news\n"
    desk.write("people.csv", bad)
    answer = desk.run("import", "customers", "people.csv")
    assert answer.code == 1
    assert "3 rows read: 1 customer added, 0 updated, 0 unchanged, 2 rejected" in answer.out
    assert "line 3: email: `b@@mail.example` is not an e-mail address" in answer.out
    rejects = desk.root / "people.rejects.csv"
    assert str(rejects.name) in answer.out
    with rejects.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["line"], row["customer_id"]) for row in rows] == [("3", "2"), ("4", "3")]
    repaired = rejects.read_text("utf-8-sig").replace("@@", "@").replace("tin,news", "silver,newsletter")
    desk.write("repaired.csv", repaired)
    assert desk.json("import", "customers", "repaired.csv") == {
        "read": 2,
        "added": 2,
        "updated": 0,
        "unchanged": 0,
        "rejected": 0,
    }
    assert desk.json("import", "customers", "repaired.csv")["unchanged"] == 2


def test_a_dry_run_tells_the_same_numbers_and_keeps_nobody(desk: Desk) -> None:
    desk.write("people.csv", people(30) + "31,bad,,,\n")
    foretold = desk.run("import", "customers", "people.csv", "--dry-run")
    assert "31 rows read: 30 customers would be added, 0 updated, 0 unchanged, 1 rejected" in foretold.out
    assert {row["count"] for row in desk.json("segments")} == {0}
    assert desk.run("import", "customers", "people.csv").out == foretold.out.replace("would be ", "")


def test_standard_input_leaves_its_rejects_in_the_current_folder(desk: Desk) -> None:
    given = f"{HEADER}1,a@mail.example,A,gold,\n2,bad,B,gold,\n".encode("utf-16")
    answer = desk.run("import", "customers", "-", "--json", stdin=given)
    assert (answer.code, answer.json["added"], answer.json["rejected"]) == (1, 1, 1)
    assert "bad" in (desk.root / "stdin.rejects.csv").read_text("utf-8-sig")


def test_a_person_who_watches_sees_how_far_it_is(desk: Desk) -> None:
    """The bar is drawn on standard error, and only on a terminal; results stay alone on standard output."""
    desk.write("people.csv", people(9000))
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "engine", "import", "customers", "people.csv"],
        cwd=desk.root,
        env={**os.environ, "TOUCHBASE_NOW": NOW, "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        drawn = b"".join(iter(partial(_read, ours), b""))
        assert process.stdout is not None
        out = process.stdout.read().decode()
    os.close(ours)
    assert process.returncode == 0
    seen = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", drawn).decode()
    assert "rows" in seen
    assert re.search(r"9000/9\d{3}", seen), seen[-500:]
    assert out.startswith("9,000 rows read: 9,000 customers added")
    assert "\x1b" not in out
    quiet = desk.run("import", "customers", "people.csv")
    assert (quiet.code, quiet.err) == (0, "")


def _read(terminal: int) -> bytes:
    """What was drawn; nothing when the process has closed its end."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def test_an_import_killed_half_way_is_finished_by_the_same_command(desk: Desk) -> None:
    desk.write("people.csv", people(40_000))
    process = desk.process("import", "customers", "people.csv")
    while process.poll() is None and _rows(desk.root / "touchbase.db") < 4_000:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = _rows(desk.root / "touchbase.db")
    assert before % 2000 == 0, "whole batches only"
    report = desk.json("import", "customers", "people.csv")
    assert (report["added"], report["unchanged"]) == (40_000 - before, before)
    assert desk.json("import", "customers", "people.csv")["unchanged"] == 40_000
    assert {row["segment"]: row["count"] for row in desk.json("segments")}["newsletter-readers"] == 40_000


def _rows(database: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as connection:
            return int(connection.execute("SELECT count(*) FROM customers").fetchone()[0])
    except sqlite3.Error:
        return 0


def test_hostile_files_end_in_a_sentence(desk: Desk) -> None:
    files = {
        "wide.csv": (",".join(f"c{n}" for n in range(10_000)).encode(), "10000 columns"),
        "page.csv": (b"<!doctype html><html></html>", "a web page or XML"),
        "binary.csv": (bytes(range(256)) * 99, "not a text file"),
        "book.csv": (b"PK\x03\x04" + bytes(100), "workbook"),
        "empty.csv": (b"", "is empty"),
        "long.csv": (b"customer_id,email\n1," + b"x" * 1_500_000, "longer than 1,000,000 characters"),
        "twice.csv": (b"customer_id,email,E-mail\n1,a@x.example,b@x.example\n", "two columns for `email`"),
        "nokey.csv": (b"email\na@x.example\n", "no column `customer_id`"),
    }
    for name, (content, words) in files.items():
        (desk.root / name).write_bytes(content)
        answer = desk.run("import", "customers", name)
        assert answer.code == 1, name
        assert words in answer.err, (name, answer.err)
        assert "help: " in answer.err
    assert {row["count"] for row in desk.json("segments")} == {0}


def test_a_formula_stays_text_and_comes_out_guarded(desk: Desk) -> None:
    formula = '=HYPERLINK(""http://evil.example"")'
    desk.write(
        "people.csv", f'{HEADER}1,a@mail.example,"{formula}",gold,newsletter\n2,bad,"{formula}",gold,\n'
    )
    assert desk.run("import", "customers", "people.csv").code == 1
    with (desk.root / "people.rejects.csv").open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["first_name"] == "'" + formula.replace('""', '"')
    assert desk.json("send", "digest")["accepted"] == 1
    assert "Hello =HYPERLINK" in desk.json("preview", "digest", "--for", "a@mail.example")["text"]
