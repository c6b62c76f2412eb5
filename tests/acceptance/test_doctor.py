"""The real `touchbase doctor`: what is wrong is said in words, with what to do, and ends with exit code 1 (F-69)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.store.database import Database
from engine.store.vitals import vitals
from tests.acceptance.conftest import NOW, Desk
from tests.builders import add_run
from tests.doubles.api import TOKEN, running
from tests.doubles.name_server import running as name_server
from tests.doubles.name_server import silent
from tests.examine.zones import good_zone
from tests.providers.test_probe import QUESTIONS, Accounts

Findings = dict[str, dict[str, Any]]


def doctor(desk: Desk, *words: str) -> tuple[int, Findings]:
    """The exit code, and what was found by its word; of several with one word the worst."""
    answer = desk.run("doctor", "--json", *words)
    order = ["fine", "skipped", "unknown", "warning", "problem"]
    found: Findings = {}
    for each in sorted(answer.json["findings"], key=lambda finding: order.index(finding["verdict"])):
        found[each["check"]] = each
    assert answer.json["problems"] == sum(f["verdict"] == "problem" for f in answer.json["findings"])
    return answer.code, found


@pytest.fixture
def online(desk: Desk) -> Iterator[Desk]:
    """The workspace, its letters leaving through an API on loopback."""
    with running(Accounts(QUESTIONS["sendgrid"])) as address:
        desk.edit(
            "config/project.yaml",
            "provider: outbox\nproviders:\n",
            "provider: sg\nallow_private_networks: true\nproviders:\n"
            f"  sg: {{ type: sendgrid, token: {TOKEN}, url: {address} }}\n",
        )
        yield desk


def test_a_new_workspace_is_in_good_order(tmp_path: Path) -> None:
    made = Desk(tmp_path)
    assert made.run("init", "letters").code == 0
    desk = Desk(tmp_path / "letters")
    answer = desk.run("doctor")
    assert answer.code == 0, answer.out
    assert "✓ workspace  1 campaign, 0 errors" in answer.out
    assert "✓ provider   outbox: the folder" in answer.out
    assert answer.out.splitlines()[-1].startswith("0 problems, ")


def test_offline_asks_nobody(online: Desk) -> None:
    code, found = doctor(online, "--offline", "--dns", "127.0.0.1:1")
    assert code == 0
    assert {found[check]["verdict"] for check in ("provider", "feed", "public_url", "dns")} == {"skipped"}


def test_the_account_and_the_domain_are_asked_about(online: Desk) -> None:
    with name_server(good_zone()) as server:
        code, found = doctor(online, "--dns", server)
    verdicts = {check: finding["verdict"] for check, finding in found.items()}
    fine = ("provider", "mx", "spf", "dkim", "dmarc", "feed", "workspace", "database", "disk")
    assert {check: verdicts[check] for check in fine} == dict.fromkeys(fine, "fine")
    assert (verdicts["public_url"], code) == ("problem", 1), "nobody answers there"
    assert (verdicts["webhooks"], "webhook_key" in found["webhooks"]["do"]) == ("warning", True)


def test_every_problem_is_told_at_once_with_its_remedy(online: Desk) -> None:
    online.edit("config/project.yaml", TOKEN, "a-token-of-yesterday")
    online.write("config/feed.xml", "this is no feed")
    zone = good_zone()
    del zone["_dmarc.news.reading.example"]
    zone["s1.domainkey.provider.example"] = {}
    with name_server(zone) as server:
        code, found = doctor(online, "--dns", server)
    wrong = {check for check, finding in found.items() if finding["verdict"] == "problem"}
    assert (code, wrong) == (1, {"provider", "feed", "dkim", "dmarc", "public_url"})
    for check in wrong:
        assert found[check]["why"]
        assert found[check]["do"]
    assert "401" in found["provider"]["what"]


def test_a_domain_that_does_not_exist_is_the_senders_mistake(online: Desk) -> None:
    with name_server({"elsewhere.example": {"MX": ["10 m."]}}) as server:
        code, found = doctor(online, "--dns", server)
    assert (code, found["dns"]["verdict"]) == (1, "problem")
    assert "config/senders.yaml" in found["dns"]["do"]


def test_a_silent_name_server_is_no_problem_of_the_domain(
    online: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.network.names.SECONDS", 0.2)
    with silent() as server:
        _, found = doctor(online, "--dns", server)
    assert found["dns"]["verdict"] == "unknown"


def test_the_name_server_may_stand_in_the_environment(online: Desk) -> None:
    with name_server(good_zone()) as server:
        online.environment["TOUCHBASE_DNS"] = server
        _, found = doctor(online)
    assert found["spf"]["verdict"] == "fine"
    online.environment["TOUCHBASE_DNS"] = "not-an-address"
    wrong = online.run("doctor")
    assert (wrong.code, "no name server" in wrong.err) == (2, True)


def test_errors_in_files_and_missing_keys_hide_nothing_else(desk: Desk) -> None:
    desk.edit("config/segments.yaml", "subscribed: newsletter", "subscribd: newsletter")
    desk.edit("config/project.yaml", "a-key-for-tests-only", "!secret KEY_OF_NOBODY")
    desk.write("config/secrets.yaml", "OTHER: x\n").chmod(0o644)
    code, found = doctor(desk)
    assert (code, found["workspace"]["verdict"]) == (1, "problem")
    assert found["workspace"]["do"] == "touchbase check"
    assert (found["secrets"]["verdict"], found["database"]["verdict"]) == ("warning", "fine")
    assert found["secrets"]["do"].startswith("chmod 600 ")


def test_a_damaged_database_is_told(desk: Desk) -> None:
    desk.filled()
    path = desk.root / "touchbase.db"
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(os.urandom(16384))
    code, found = doctor(desk)
    assert (code, found["database"]["verdict"]) == (1, "problem")
    assert "bring back a copy" in found["database"]["do"]


def test_a_database_that_is_not_there_is_told(desk: Desk) -> None:
    desk.environment["TOUCHBASE_DATABASE_URL"] = "postgresql://mailer:secret-word@127.0.0.1:1/mail"
    code, found = doctor(desk)
    assert (code, found["database"]["verdict"]) == (1, "problem")
    assert "secret-word" not in str(found)


def test_a_clock_behind_the_last_letter_is_told(desk: Desk) -> None:
    desk.filled()
    assert desk.run("send", "digest", now="2099-03-01T09:00:00+00:00").code == 0
    answer = desk.run("doctor", "--json", now="")
    (found,) = [each for each in answer.json["findings"] if each["check"] == "clock"]
    assert (found["verdict"], "2099-03-01" in found["what"]) == ("problem", True)


def test_a_fixed_clock_is_told(desk: Desk) -> None:
    _, found = doctor(desk)
    assert NOW in found["clock"]["what"]


def test_a_copy_is_told_and_a_person_may_accept_it(desk: Desk) -> None:
    desk.filled()
    assert desk.run("send", "digest", "--limit", "1").code == 0
    copy = desk.root / "touchbase.db"
    content = copy.read_bytes()
    with sqlite3.connect(copy) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = copy.read_bytes()
    copy.rename(desk.root / "original.db")
    copy.write_bytes(content)
    code, found = doctor(desk)
    assert (code, found["copy"]["verdict"]) == (1, "problem")
    assert "touchbase doctor --accept-copy" in found["copy"]["do"]
    accepted = desk.json("doctor", "--accept-copy")
    assert (bool(accepted["was"]), accepted["paused"]) == (True, ["1"])
    assert "copy" not in doctor(desk)[1]
    assert desk.json("doctor", "--accept-copy") == {"was": None, "paused": []}


def test_the_database_tells_of_itself(database: Database) -> None:
    add_run(database)
    with database.read() as connection:
        told = vitals(connection, database.path)
    assert told.size > 0
    assert (told.sqlite is None) is not database.is_sqlite
    assert (told.clock is None) is database.is_sqlite


@pytest.mark.postgres
def test_postgresql_is_examined_and_its_clock_compared(desk: Desk, postgres_url: str) -> None:
    desk.environment["TOUCHBASE_DATABASE_URL"] = postgres_url
    answer = desk.run("doctor", "--json", "--offline", now="")
    found = {each["check"]: each for each in answer.json["findings"]}
    assert answer.code == 0, answer.out
    assert (found["postgresql"]["verdict"], found["database"]["verdict"]) == ("fine", "fine")
    assert "as the database's" in found["clock"]["what"]
    assert "sqlite" not in found
    assert desk.run("status").code == 0
