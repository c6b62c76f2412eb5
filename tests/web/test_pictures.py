"""The senders' photos: in their letters, and given out by the web part."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from tests.acceptance.conftest import laid_out
from tests.web.conftest import PREFIX, running

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
SHOWN = '{% if sender.photo %}<img src="{{ sender.photo }}" width="80" height="80" alt="{{ sender.name }}">{% endif %}'


def test_a_letter_shows_whom_it_is_from(tmp_path: Path) -> None:
    made = laid_out(tmp_path / "workspace")
    made.edit("config/senders.yaml", "priya: { ", "priya: { photo: priya.png, ")
    made.edit("templates/letter.html", "<p>{{ sender.name }}", f"<p>{SHOWN} {{{{ sender.name }}}}")
    assert made.run("check").code == 1, "the picture is not there"
    (made.root / "templates" / "priya.png").write_bytes(PNG)
    assert made.run("check").code == 0
    made.json("import", "customers", "people.csv")
    assert made.json("send", "digest")["accepted"]
    for house in running(made.root):
        (address,) = {found for html in house.html.values() for found in re.findall(r"[^\"]+/s/[^\"]+", html)}
        assert address.startswith(f"{PREFIX}/s/priya/")
        given = house.client.get(house.address + address.removeprefix(PREFIX))
        assert (given.status_code, given.content, given.headers["content-type"]) == (200, PNG, "image/png")
        for path in (
            "/s/team/x.png",
            "/s/nobody/x.png",
            "/s/..%2Fpriya/x.png",
            "/s/priya/../../config/project.yaml",
        ):
            assert house.client.get(house.address + path).status_code == 404, path
        # Whatever is asked for under her name is her picture, and nothing else of the workspace.
        assert house.client.get(f"{house.address}/s/priya/old.png").content == PNG
        assert house.client.post(f"{house.address}/s/priya/old.png").status_code == 405
