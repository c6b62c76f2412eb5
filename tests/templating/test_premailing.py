"""premailer is kept off the network, and what it writes into attributes can be read."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from engine.templating.inline import inline, inline_residual
from engine.templating.specialise import Residual


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and the paths it has been asked for."""
    paths: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"p { color: green }")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    thread.join()
    server.server_close()


def test_imported_style_sheets_are_not_fetched(asked: tuple[str, list[str]]) -> None:
    address, paths = asked
    page = f"<html><head><style>@import url({address}/a.css); p {{ color: red }}</style></head><body><p>x</p></body></html>"
    made = inline(page)
    assert '<p style="color:red">' in made.html
    assert f"@import url({address}/a.css)" in made.html
    assert paths == []
    assert made.findings == ()


def test_emphasis_stays_out_of_attributes() -> None:
    made = inline(
        "<html><head><style>td { width: 50% !important }</style></head><body><table><tr><td>x</td></tr></table></body></html>"
    )
    assert '<td style="width:50% !important" width="50%">' in made.html


def test_what_is_wrong_with_a_style_sheet_is_told_and_marks_are_not_wrong() -> None:
    page = "<html><head><style>p { colr: }</style></head><body><p style='width: zqa0001qzpx; margin: 0'>x</p></body></html>"
    residual = Residual(page, {"zqa0001qz": "{{ customer.points }}"}, kinds={"zqa0001qz": "value"})
    for _ in range(2):
        findings = inline_residual(residual, file="letter.html").findings
        assert {(finding.code, finding.file) for finding in findings} == {("T091", "templates/letter.html")}
        assert any("colr" in finding.message for finding in findings)
        assert not any("zqa0001qz" in finding.message for finding in findings)
