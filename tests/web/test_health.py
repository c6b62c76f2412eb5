"""Alive, ready and measured over real HTTP; and who may measure."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request

from engine.app.desk import Desk
from engine.app.measuring import Measuring, measure
from engine.app.reception import Reception
from engine.errors import StoreError
from engine.model.status import Kind
from engine.web import metrics
from engine.web.application import make_application
from engine.web.health import may_measure
from tests.web.conftest import House

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: str) -> Samples:
    """Every sample of a page, by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_alive_and_ready(house: House) -> None:
    alive = house.client.get(house.address + "/livez")
    assert (alive.status_code, alive.text) == (200, "ok")
    ready = house.client.get(house.address + "/readyz")
    assert (ready.status_code, ready.text.splitlines()) == (200, ["ok", "web"])
    assert ready.headers["cache-control"] == "no-store"


def test_what_is_measured(house: House) -> None:
    page = house.client.get(house.address + "/metrics")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = read(page.text)
    assert found["touchbase_letters_handed_over_total", (("provider", "outbox"),)] == 3
    assert found["touchbase_runs", (("state", "done"),)] == 1
    assert found["touchbase_provider_closed", (("provider", "outbox"),)] == 0
    assert found["touchbase_queue_oldest_seconds", ()] == 0
    assert {
        name for (metric, labels), _ in found.items() if metric == "touchbase_needs" for _, name in labels
    } == {kind.value for kind in Kind}
    assert ("process_resident_memory_bytes", ()) in found


def test_no_label_holds_an_address(house: House) -> None:
    page = house.client.get(house.address + "/metrics").text
    assert not re.search(r"@|%40", page)
    for address in house.links:
        assert address.partition("@")[0] not in page


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_nobody_measures_from_outside(house: House, name: str) -> None:
    page = house.client.get(house.address + "/metrics", headers={name: "203.0.113.7"})
    assert (page.status_code, page.text) == (404, "not found")


@pytest.mark.parametrize(
    ("host", "shown", "token", "may"),
    [
        ("127.0.0.1", "", "", True),
        ("::1", "", "", True),
        ("10.1.2.3", "", "", True),
        ("::ffff:10.1.2.3", "", "", True),
        ("::ffff:203.0.113.7", "", "", False),
        ("2001:db8::1", "", "", False),
        ("203.0.113.7", "", "", False),
        ("testclient", "", "", False),
        ("127.0.0.1", "", "a-token", False),
        ("127.0.0.1", "Bearer another", "a-token", False),
        ("203.0.113.7", "Bearer a-token", "a-token", True),
        ("203.0.113.7", "Bearer ", "", False),
    ],
)
def test_who_may_measure(host: str, shown: str, token: str, may: bool) -> None:
    headers = [(b"authorization", shown.encode())] if shown else []
    request = Request({"type": "http", "headers": headers, "client": (host, 1)})
    assert may_measure(request, token) is may


@pytest.fixture
def desk(sent_workspace: Path, tmp_path: Path) -> Desk:
    shutil.copytree(sent_workspace, tmp_path / "workspace")
    return Desk.open(tmp_path / "workspace")


async def get(reception: Reception, path: str, **headers: str) -> httpx.Response:
    """A page from an application in this process."""
    transport = httpx.ASGITransport(make_application(reception), client=("127.0.0.1", 9))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        return await client.get(path, headers=headers)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_who_is_about_to_stop_is_alive_and_not_ready(desk: Desk, anyio_backend: str) -> None:
    reception = Reception(desk)
    reception.role = "standby"
    assert (await get(reception, "/readyz")).text == "ok\nstandby"
    reception.draining = True
    assert (await get(reception, "/readyz")).status_code == 503
    assert (await get(reception, "/livez")).status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_without_a_database_it_is_alive_and_neither_ready_nor_measured(
    desk: Desk, anyio_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reception = Reception(desk)

    def gone() -> None:
        raise StoreError("the connection was lost")

    monkeypatch.setattr(reception.desk.database, "read", gone)
    assert (await get(reception, "/livez")).status_code == 200
    assert (await get(reception, "/readyz")).status_code == 503
    assert (await get(reception, "/metrics")).status_code == 503


def test_measuring_is_remembered_for_some_seconds(desk: Desk) -> None:
    measuring = Measuring(lambda: desk)
    first = measuring.measures()
    assert measuring.measures() is first
    measuring._until = 0.0
    assert measuring.measures() is not first


def test_the_page_is_what_prometheus_reads(desk: Desk) -> None:
    found = read(metrics.page(measure(desk), dropped=7).decode())
    assert found["touchbase_visits_dropped_total", ()] == 7
    assert found["touchbase_calls_total", (("outcome", "accepted"), ("provider", "outbox"))] == 2


def test_a_token_in_the_workspace_is_asked_for(sent_workspace: Path, tmp_path: Path) -> None:
    root = tmp_path / "tokened"
    shutil.copytree(sent_workspace, root)
    project = root / "config" / "project.yaml"
    project.write_text(project.read_text() + "metrics: { token: a-token-for-tests }\n", encoding="utf-8")
    assert Reception(Desk.open(root)).metrics_token == "a-token-for-tests"
