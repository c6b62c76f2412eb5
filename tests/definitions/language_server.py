"""Drives the real yaml-language-server over its standard input and output, as an editor does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest

VERSION = "2.0.0"
FOLDER_VARIABLE = "TOUCHBASE_LANGUAGE_SERVER"
PATIENCE = 60.0


def server_script(folder: Path) -> Path:
    """The server's script, installed with npm into `folder`; skips where that is not possible."""
    named = os.environ.get(FOLDER_VARIABLE)
    base = Path(named) if named else folder
    script = base / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are needed to run the real yaml-language-server")
    if not script.is_file():
        command = [
            npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--prefix",
            str(base),
            f"yaml-language-server@{VERSION}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm could not install yaml-language-server: {done.stderr.strip()[-200:]}")
    return script


class LanguageServer:
    """One running server; open files in it and ask what it says about them."""

    def __init__(self, script: Path, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.process = subprocess.Popen(
            ["node", str(script), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.heard: Queue[dict[str, Any]] = Queue()
        self.reader = Thread(target=self._listen, daemon=True)
        self.reader.start()
        self.number = 0

    def __enter__(self) -> LanguageServer:
        capabilities = {
            "workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": False}},
            "textDocument": {
                "publishDiagnostics": {},
                "completion": {},
                "hover": {"contentFormat": ["markdown"]},
            },
        }
        self.ask("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})
        self.tell("initialized", {})
        self.tell("workspace/didChangeConfiguration", {"settings": {"yaml": self.settings}})
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait(timeout=10)
        self.reader.join(timeout=10)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def lines_with_problems(self, *paths: Path) -> dict[Path, dict[int, list[str]]]:
        """The messages of each file by line, counted from 1.

        All files are opened before the first answer is read, because the server waits a fifth of a second after
        each change before it looks.
        """
        waiting = {path.as_uri(): path for path in paths}
        for uri, path in waiting.items():
            text = path.read_text(encoding="utf-8")
            document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
            self.tell("textDocument/didOpen", {"textDocument": document})
        found: dict[Path, dict[int, list[str]]] = {}
        while waiting:
            message = self.next()
            uri = message.get("params", {}).get("uri", "")
            if message.get("method") != "textDocument/publishDiagnostics" or uri not in waiting:
                continue
            lines = found.setdefault(waiting.pop(uri), {})
            for diagnostic in message["params"]["diagnostics"]:
                line = diagnostic["range"]["start"]["line"] + 1
                lines.setdefault(line, []).append(diagnostic["message"])
        return found

    def completions(self, path: Path, line: int, column: int) -> set[str]:
        """What the server offers at a place (counted from 0) of an open file."""
        position = {"line": line, "character": column}
        answer = self.ask(
            "textDocument/completion", {"textDocument": {"uri": path.as_uri()}, "position": position}
        )
        items = answer["items"] if isinstance(answer, dict) else answer
        return {str(item["label"]) for item in items or []}

    def hover(self, path: Path, line: int, column: int) -> str:
        """What the server says about the word at a place (counted from 0) of an open file."""
        position = {"line": line, "character": column}
        answer = self.ask(
            "textDocument/hover", {"textDocument": {"uri": path.as_uri()}, "position": position}
        )
        return json.dumps(answer, ensure_ascii=False)

    def ask(self, method: str, parameters: dict[str, Any]) -> Any:
        """A request; its answer."""
        self.number += 1
        number = self.number
        self._send({"id": number, "method": method, "params": parameters})
        while True:
            message = self.next()
            if message.get("id") == number and "method" not in message:
                return message.get("result")

    def tell(self, method: str, parameters: dict[str, Any]) -> None:
        """A notification."""
        self._send({"method": method, "params": parameters})

    def next(self) -> dict[str, Any]:
        """The next message; the server's own questions about settings are answered here."""
        while True:
            try:
                message = self.heard.get(timeout=PATIENCE)
            except Empty:
                raise AssertionError("the language server is silent") from None
            if "id" in message and "method" in message:
                self._send({"id": message["id"], "result": self._answer(message)})
                continue
            return message

    def _answer(self, question: dict[str, Any]) -> Any:
        if question["method"] != "workspace/configuration":
            return None
        return [
            self.settings if item.get("section") == "yaml" else {} for item in question["params"]["items"]
        ]

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def _listen(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := stream.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                header = stream.readline()
            self.heard.put(json.loads(stream.read(length)))
