"""Opens and clicks: told where the letter lets them be, written down once, never in anybody's way."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.acceptance.conftest import Desk
from tests.web.conftest import House

ANA, BJORN = "ana@mail.example", "bjorn@mail.example"
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def seen(house: House, wanted: int) -> list[tuple[str, str, dict[str, object]]]:
    """The noticed events, once there are so many (they are written in the background)."""
    query = text(
        "SELECT c.customer_id, e.name, e.fields FROM events e JOIN customers c ON c.id = e.customer"
        " WHERE e.source = 'web' ORDER BY e.id"
    )
    until = time.monotonic() + 10
    while True:
        with house.database() as database, database.read() as connection:
            found = [(key, name, json.loads(fields)) for key, name, fields in connection.execute(query)]
        if len(found) >= wanted or time.monotonic() > until:
            return found
        time.sleep(0.05)


@pytest.fixture
def later(house: House) -> House:
    """The house an hour after its letters left, so that nobody is too fast to be a person."""
    with house.database() as database, database.write() as connection:
        connection.execute(text("UPDATE deliveries SET submitted_at = submitted_at - 3600000000"))
    return house


def test_a_click_leads_to_the_stored_target_and_is_written_down_once(later: House) -> None:
    for _ in range(2):
        answer = later.client.get(later.link(ANA, "c"), headers=BROWSER)
        assert (answer.status_code, answer.headers["location"]) == (302, "https://blog.reading.example/2")
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert seen(later, 1) == [
        ("c1", "clicked", {"url": "https://blog.reading.example/2", "campaign": "digest", "run": 1})
    ]


def test_the_target_is_nowhere_in_the_address(house: House) -> None:
    assert "blog.reading.example" not in house.html[ANA]
    assert "blog" not in house.links[ANA]["c"]


@pytest.mark.parametrize(
    "number", ["0", "99", "-1", "1e3", "//evil.example", "1%0d%0aLocation:%20x", "9" * 40]
)
def test_no_other_number_leads_anywhere(later: House, number: str) -> None:
    base = later.link(ANA, "c").rpartition("/")[0]
    answer = later.client.get(f"{base}/{number}", headers=BROWSER)
    assert answer.status_code == 404
    assert "location" not in answer.headers


def test_the_picture_is_the_same_for_everybody(later: House) -> None:
    own = later.client.get(later.link(ANA, "o"), headers=BROWSER)
    other = later.client.get(later.address + "/o/nonsense.gif", headers=BROWSER)
    assert own.content == other.content
    assert len(own.content) == 42
    assert own.headers["cache-control"] == "no-store"
    assert [(key, name) for key, name, _ in seen(later, 1)] == [("c1", "opened")]


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0"},
        {"User-Agent": ""},
        {"User-Agent": "Barracuda Sentinel (EE)"},
        {"User-Agent": "python-requests/2.32"},
        {**BROWSER, "Sec-Purpose": "prefetch;prerender"},
    ],
)
def test_a_machine_is_flagged_and_led_on_all_the_same(later: House, headers: dict[str, str]) -> None:
    assert later.client.get(later.link(ANA, "c"), headers=headers).status_code == 302
    assert [fields.get("machine") for _, _, fields in seen(later, 1)] == [True]


def test_nobody_reads_within_a_second(house: House) -> None:
    house.client.get(house.link(ANA, "c"), headers=BROWSER)
    assert [fields.get("machine") for _, _, fields in seen(house, 1)] == [True]


def own_copy(house: House, folder: Path) -> Desk:
    """The same workspace as it stands now, to send from; its outbox is empty."""
    shutil.copytree(house.root, folder / "copy", ignore=shutil.ignore_patterns("outbox"))
    return Desk(folder / "copy")


def test_whoever_objects_is_not_noticed_and_gets_plain_links_next_time(later: House, tmp_path: Path) -> None:
    from tests.acceptance.conftest import feed
    from tests.web.conftest import letters_of

    later.client.post(later.link(BJORN, "p"), data={"what": "choose", "topic": "newsletter"})
    assert later.client.get(later.link(BJORN, "c"), headers=BROWSER).status_code == 302
    later.client.get(later.link(BJORN, "o"), headers=BROWSER)
    later.client.get(later.link(ANA, "o"), headers=BROWSER)
    assert [key for key, _, _ in seen(later, 1)] == ["c1"]
    desk = own_copy(later, tmp_path)
    desk.write(
        "config/feed.xml", feed("The fourth post", "The third post", "The second post", "The first post")
    )
    assert desk.json("send", "digest", now="2026-12-23T09:00:00+00:00")["accepted"] == 3
    _, html = letters_of(desk.root)
    assert "blog.reading.example" in html[BJORN]
    assert "/c/" not in html[BJORN]
    assert "/o/" not in html[BJORN]
    assert "/c/" in html[ANA]


def test_a_campaign_may_stay_out_of_it(house: House, tmp_path: Path) -> None:
    from tests.web.conftest import letters_of

    desk = own_copy(house, tmp_path)
    campaign = (desk.root / "campaigns/digest.yaml").read_text()
    desk.write(
        "campaigns/quiet.yaml",
        campaign.replace("digest", "quiet") + "tracking: { opens: false, clicks: false }\n",
    )
    assert desk.json("send", "quiet")["accepted"] == 3
    _, html = letters_of(desk.root)
    assert "/c/" not in html[ANA]


def test_a_flood_of_opens_keeps_nobody_from_leaving(later: House) -> None:
    from concurrent.futures import ThreadPoolExecutor

    import httpx

    def flood(number: int) -> int:
        with httpx.Client() as client:
            return sum(client.get(f"{later.address}/o/x{number}.gif").status_code == 200 for _ in range(50))

    with ThreadPoolExecutor(8) as threads:
        flooding = [threads.submit(flood, number) for number in range(8)]
        answer = later.client.post(later.link(ANA, "u"), data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert sum(each.result() for each in flooding) == 400
    assert later.subscribed("c1")["newsletter"] is False
