"""Readers' pages over real HTTP: looking changes nothing, one POST is enough, and wrong links lead nowhere."""

from __future__ import annotations

import pytest

from tests.web.conftest import House

ANA, BJORN = "ana@mail.example", "bjorn@mail.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_at_a_link_changes_nothing(house: House, method: str) -> None:
    before = house.count("consent")
    for kind in ("u", "p", "w"):
        for _ in range(5):
            answer = house.client.request(method, house.link(ANA, kind), headers={"Purpose": "prefetch"})
            assert answer.status_code in ((200,) if method != "OPTIONS" else (200, 405))
            assert "set-cookie" not in answer.headers
    assert house.subscribed("c1") == {"newsletter": True, "offers": True}
    assert house.count("consent") == before


@pytest.mark.parametrize("how", ["urlencoded", "multipart", "no body"])
def test_one_click_leaves_the_topic_of_the_letter_at_once_and_twice_is_the_same(
    house: House, how: str
) -> None:
    given = {
        "urlencoded": {"data": ONE_CLICK},
        "multipart": {"files": {"List-Unsubscribe": (None, "One-Click")}},
        "no body": {},
    }[how]
    consent = house.count("consent")
    for _ in range(2):
        answer = house.client.post(house.link(ANA, "u"), **given)  # type: ignore[arg-type]
        assert (answer.status_code, answer.text) == (200, "unsubscribed")
        assert "location" not in answer.headers
        assert "set-cookie" not in answer.headers
    assert house.subscribed("c1") == {"newsletter": False, "offers": True}
    assert house.subscribed("c2") == {"newsletter": True}
    assert house.count("consent") == consent + 1


def test_the_page_names_the_list_and_hides_the_address(house: House) -> None:
    page = house.client.get(house.link(ANA, "u")).text
    assert "Our monthly letter" in page
    assert "a…@mail.example" in page
    assert ANA not in page


def test_leaving_everything_keeps_only_service_letters(house: House) -> None:
    answer = house.client.post(house.link(ANA, "u"), data={"what": "everything"})
    assert "No more letters from us" in answer.text
    assert house.subscribed("c1") == {"newsletter": False, "offers": False}
    # Coming back is the reader's own deed.
    answer = house.client.post(
        house.link(ANA, "p"), data={"what": "choose", "topic": "offers", "tracked": "yes"}
    )
    assert "Saved." in answer.text
    assert house.subscribed("c1") == {"newsletter": False, "offers": True}


def test_a_pause_ends_by_itself_and_can_be_ended(house: House) -> None:
    from datetime import datetime

    from sqlalchemy import text

    answer = house.client.post(house.link(BJORN, "u"), data={"what": "pause", "months": "3"})
    assert "quiet until 23 February 2027" in answer.text
    with house.database() as database, database.read() as connection:
        rows = connection.execute(text("SELECT scope, reason, until FROM suppressions")).fetchall()
    assert [(scope, reason) for scope, reason, _ in rows] == [("marketing", "paused")]
    assert rows[0][2] == int(datetime.fromisoformat("2027-02-23T09:00:00+00:00").timestamp()) * 1_000_000
    assert house.subscribed("c2") == {"newsletter": True}
    house.client.post(house.link(BJORN, "p"), data={"what": "pause", "months": "0"})
    assert house.count("suppressions") == 0


def test_leaving_during_a_pause_lasts(house: House) -> None:
    from sqlalchemy import text

    house.client.post(house.link(BJORN, "u"), data={"what": "pause", "months": "1"})
    house.client.post(house.link(BJORN, "u"), data={"what": "everything"})
    with house.database() as database, database.read() as connection:
        rows = connection.execute(
            text("SELECT reason, until FROM suppressions WHERE scope = 'marketing'")
        ).fetchall()
    assert [tuple(row) for row in rows] == [("unsubscribed", None)]


def test_a_reader_chooses_topics_zone_and_language_and_an_import_does_not_undo_it(house: House) -> None:
    from sqlalchemy import text

    form = {
        "what": "choose",
        "topic": ["newsletter", "offers", "no-such-topic"],
        "time_zone": "Pacific/Auckland",
        "language": "de",
    }
    assert "Saved." in house.client.post(house.link(BJORN, "p"), data=form).text
    assert house.subscribed("c2") == {"newsletter": True, "offers": True}
    page = house.client.get(house.link(BJORN, "p")).text
    assert "<option selected>Pacific/Auckland</option>" in page
    from tests.acceptance.conftest import Desk

    desk = Desk(house.root)
    desk.write("again.csv", "customer_id,time_zone,topics\nc2,Europe/Oslo,newsletter\n")
    # What the reader chose is no news of theirs, and the file's other word is none either.
    told = desk.json("import", "customers", "again.csv")
    assert (told["updated"], told["unchanged"]) == (0, 1)
    query = text("SELECT time_zone, language FROM customers WHERE customer_id = 'c2'")
    with house.database() as database, database.read() as connection:
        assert tuple(connection.execute(query).one()) == ("Pacific/Auckland", "de")


def test_the_letter_in_the_browser_is_the_letter_that_was_sent(house: House) -> None:
    answer = house.client.get(house.link(ANA, "w"))
    assert answer.text == house.html[ANA]
    assert "script" not in answer.headers["content-security-policy"]
    assert "sandbox" in answer.headers["content-security-policy"]


WRONG = [
    "/u/nonsense",
    "/u/" + "A" * 5000,
    "/u/%00",
    "/u/é",
    "/p/",
    "/w/x.y",
    "/c/nonsense/1",
    "/nothing-here",
]


@pytest.mark.parametrize("path", WRONG)
def test_a_link_that_is_not_ours_leads_nowhere(house: House, path: str) -> None:
    for method in ("GET", "POST"):
        answer = house.client.request(method, house.address + path)
        assert answer.status_code in (404, 405)
        assert "location" not in answer.headers


def test_no_token_works_for_another_purpose_or_with_a_bit_changed(house: House) -> None:
    token = house.links[ANA]["w"].split("/")[2]
    assert house.client.post(f"{house.address}/u/{token}").status_code == 404
    own = house.links[ANA]["u"].split("/")[2]
    for place in range(len(own)):
        other = own[:place] + ("A" if own[place] != "A" else "B") + own[place + 1 :]
        assert house.client.post(f"{house.address}/u/{other}").status_code == 404
    assert house.subscribed("c1")["newsletter"] is True


def test_an_erased_or_unknown_reader_is_answered_kindly(house: House) -> None:
    from sqlalchemy import text

    with house.database() as database, database.write() as connection:
        connection.execute(text("DELETE FROM customers WHERE customer_id = 'c1'"))
    assert house.client.post(house.link(ANA, "u"), data=ONE_CLICK).status_code == 200
    assert "nothing about you" in house.client.get(house.link(ANA, "p")).text


def test_while_the_database_is_locked_nobody_is_told_yes(house: House) -> None:
    import sqlite3

    holder = sqlite3.connect(house.root / "touchbase.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        answer = house.client.post(house.link(ANA, "u"), data=ONE_CLICK)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert answer.status_code == 503
    assert house.subscribed("c1")["newsletter"] is True


def test_a_body_too_large_or_with_too_many_fields_is_refused(house: House) -> None:
    answer = house.client.post(house.link(ANA, "u"), content=b"x" * (2 * 1024 * 1024))
    assert answer.status_code == 413
    many = {f"field{number}": "1" for number in range(5000)}
    assert house.client.post(house.link(ANA, "u"), data=many).status_code in (400, 413)
    assert house.subscribed("c1")["newsletter"] is True


def test_slow_visitors_keep_nobody_else_waiting(house: House) -> None:
    import socket
    from urllib.parse import urlsplit

    target = urlsplit(house.address)
    slow = []
    try:
        for _ in range(200):
            plug = socket.create_connection((target.hostname or "", target.port or 0))
            plug.sendall(b"POST /u/x HTTP/1.1\r\nHost: x\r\nContent-Le")
            slow.append(plug)
        assert house.client.get(house.address + "/livez").text == "ok"
        assert house.client.post(house.link(ANA, "u"), data=ONE_CLICK).status_code == 200
    finally:
        for plug in slow:
            plug.close()


def test_health(house: House) -> None:
    assert house.client.get(house.address + "/livez").text == "ok"
    assert house.client.get(house.address + "/readyz").text == "ok\nweb"
