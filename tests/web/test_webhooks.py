"""News over real HTTP: fails closed, is written down once whatever comes twice, and acts at once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import sqlite3
from datetime import datetime

import pytest
from sqlalchemy import text

from tests.acceptance.conftest import NOW
from tests.web.conftest import WEBHOOK_KEY, House

SECRET = base64.b64decode(WEBHOOK_KEY.removeprefix("whsec_"))
MOMENT = int(datetime.fromisoformat(NOW).timestamp())
ANA, BJORN = "ana@mail.example", "bjorn@mail.example"


def reference(house: House, address: str) -> str:
    """Our id of the letter to that reader, as a provider gives it back."""
    with sqlite3.connect(house.root / "touchbase.db") as database:
        (install,) = database.execute("SELECT value FROM meta WHERE key = 'install_id'").fetchone()
        (number,) = database.execute("SELECT id FROM deliveries WHERE address = ?", (address,)).fetchone()
    database.close()
    return f"{install[:8]}-{number}"


def event(house: House, kind: str, address: str, **data: object) -> bytes:
    """An event as Resend writes it."""
    inside = {"email_id": "e-1", "to": [address], "tags": {"reference": reference(house, address)}, **data}
    return json.dumps({"type": kind, "created_at": "2026-11-23T08:59:00.000Z", "data": inside}).encode()


def signed(body: bytes, identity: str, at: int = MOMENT, key: bytes = SECRET) -> dict[str, str]:
    """The headers of a proof as Svix makes them."""
    made = hmac.new(key, f"{identity}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "svix-id": identity,
        "svix-timestamp": str(at),
        "svix-signature": f"v1,{base64.b64encode(made).decode()}",
        "content-type": "application/json",
    }


def tell(house: House, body: bytes, identity: str, **proof: object) -> int:
    """One call of the provider; the status it gets."""
    headers = signed(body, identity, **proof)  # type: ignore[arg-type]
    return house.client.post(house.address + "/webhooks/resend", content=body, headers=headers).status_code


def state(house: House, address: str) -> str:
    with house.database() as database, database.read() as connection:
        query = text("SELECT state FROM deliveries WHERE address = :address")
        return str(connection.execute(query, {"address": address}).scalar_one())


BOUNCED = {"bounce": {"type": "Permanent", "subType": "General", "message": "550 5.1.1 no such user"}}


def test_a_proven_bounce_moves_the_ledger_and_suppresses_the_address(house: House) -> None:
    assert tell(house, event(house, "email.delivered", BJORN), "m-1") == 200
    assert tell(house, event(house, "email.bounced", ANA, **BOUNCED), "m-2") == 200
    assert (state(house, ANA), state(house, BJORN)) == ("bounced", "delivered")
    assert house.count("suppressions") == 1


def test_a_complaint_ends_all_marketing_at_once(house: House) -> None:
    assert tell(house, event(house, "email.complained", ANA), "m-1") == 200
    with house.database() as database, database.read() as connection:
        rows = connection.execute(text("SELECT scope, reason FROM suppressions")).fetchall()
    assert [tuple(row) for row in rows] == [("marketing", "complained")]


def test_told_46_times_it_counts_once(house: House) -> None:
    body = event(house, "email.bounced", ANA, **BOUNCED)
    events = house.count("events")
    assert {tell(house, body, "m-1") for _ in range(46)} == {200}
    assert house.count("heard") == 1
    assert house.count("events") == events + 1


def test_in_whatever_order_it_comes_the_end_is_the_same(house: House) -> None:
    kinds = [
        ("email.sent", {}),
        ("email.delivered", {}),
        ("email.bounced", BOUNCED),
        ("email.complained", {}),
    ]
    bodies = [event(house, kind, ANA, **data) for kind, data in kinds]
    for order in itertools.islice(itertools.permutations(range(4)), 0, 24, 7):
        with house.database() as database, database.write() as connection:
            connection.execute(text("UPDATE deliveries SET state = 'accepted'"))
            connection.execute(text("DELETE FROM heard"))
        for place in order:
            assert tell(house, bodies[place], f"m-{place}") == 200
        assert state(house, ANA) == "complained"


REFUSED = {
    "unsigned": lambda body: {"content-type": "application/json"},
    "forged": lambda body: signed(body, "m-1", key=b"another key"),
    "old": lambda body: signed(body, "m-1", at=MOMENT - 3600),
    "of the future": lambda body: signed(body, "m-1", at=MOMENT + 3600),
    "of another body": lambda body: signed(body + b" ", "m-1"),
    "with another id": lambda body: {**signed(body, "m-1"), "svix-id": "m-2"},
    "garbled": lambda body: {**signed(body, "m-1"), "svix-signature": "v1,%%%"},
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_is_not_proven_changes_nothing(house: House, how: str) -> None:
    body = event(house, "email.bounced", ANA, **BOUNCED)
    answer = house.client.post(house.address + "/webhooks/resend", content=body, headers=REFUSED[how](body))
    assert answer.status_code == 401
    assert house.count("heard") == 0
    assert state(house, ANA) == "accepted"


def test_without_a_key_nobody_is_believed(house: House) -> None:
    body = event(house, "email.bounced", ANA, **BOUNCED)
    for key in (SECRET, b""):
        answer = house.client.post(
            house.address + "/webhooks/keyless", content=body, headers=signed(body, "m-1", key=key)
        )
        assert answer.status_code == 403
    assert house.count("heard") == 0


def test_providers_that_are_not_there_or_tell_nothing_have_no_address(house: House) -> None:
    for name in ("nobody", "outbox", "..", "resend/x"):
        assert house.client.post(f"{house.address}/webhooks/{name}", content=b"{}").status_code == 404
    assert house.client.get(house.address + "/webhooks/resend").status_code == 405


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"[]", b"null", b'{"type": 5}', b"\xff\xfe", b'{"a":"\\u0000"}']
)
def test_what_is_proven_but_not_readable_is_no_accident(house: House, body: bytes) -> None:
    assert tell(house, body, "m-1") in (200, 400)
    assert house.count("heard") == 0


def test_two_megabytes_are_too_much(house: House) -> None:
    assert tell(house, b"[" + b"1," * (1024 * 1024) + b"1]", "m-1") == 413


def test_news_of_a_letter_nobody_knows_is_kept_and_answered_with_yes(house: House) -> None:
    body = event(house, "email.bounced", ANA, tags={"reference": "ffffffff-1"}, **BOUNCED)
    assert tell(house, body, "m-1") == 200
    assert house.count("heard") == 1
    assert house.count("suppressions") == 0


def test_while_the_database_is_locked_the_provider_is_asked_to_come_again(house: House) -> None:
    body = event(house, "email.bounced", ANA, **BOUNCED)
    holder = sqlite3.connect(house.root / "touchbase.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert tell(house, body, "m-1") == 503
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert tell(house, body, "m-1") == 200
    assert house.count("heard") == 1
