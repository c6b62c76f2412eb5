"""What systemd hears on its socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.daemon import notifying


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(10)
        monkeypatch.setenv(notifying.VARIABLE, str(tmp_path / "notify"))
        yield line


def test_words_are_lines_of_one_message(heard: socket.socket) -> None:
    notifying.notify(notifying.READY, "STATUS=leading")
    assert heard.recv(1000) == b"READY=1\nSTATUS=leading"


def test_a_reload_tells_its_moment(heard: socket.socket) -> None:
    notifying.reloading()
    first, _, second = heard.recv(1000).decode().partition("\n")
    assert first == "RELOADING=1"
    assert second.removeprefix("MONOTONIC_USEC=").isdecimal()


def test_nobody_who_listens_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(notifying.VARIABLE, str(tmp_path / "nobody"))
    notifying.notify(notifying.READY)
    monkeypatch.delenv(notifying.VARIABLE)
    notifying.notify(notifying.READY)


def test_a_name_without_a_file_is_reached_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = f"touchbase-{tmp_path.name}-{id(tmp_path)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(f"\0{name}")
        line.settimeout(10)
        monkeypatch.setenv(notifying.VARIABLE, f"@{name}")
        notifying.notify(notifying.STOPPING)
        assert line.recv(100) == b"STOPPING=1"
