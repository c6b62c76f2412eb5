"""The raw limit: ready-made bodies of the same size in the same batches; no database, nothing personal.

`python -m benchmarks.ways.raw URL BYTES BATCH LETTERS`: BYTES of one letter as it goes out.
"""

from __future__ import annotations

import http.client
import json
import sys
from urllib.parse import urlsplit

from benchmarks.ways.starting import measured

LETTER = {
    "From": "Reading Room <hello@news.reading.example>",
    "To": "reader@mail.example",
    "Subject": "Ana, 5 reads for you",
    "HtmlBody": "",
    "MessageStream": "broadcast",
}


def main() -> None:
    """See the top of this file."""
    address = urlsplit(sys.argv[1])
    size, batch, letters = (int(argument) for argument in sys.argv[2:5])
    empty = json.dumps(LETTER).encode()
    letter = empty.replace(b'"HtmlBody": ""', b'"HtmlBody": "%s"' % (b"x" * (size - len(empty) - 1)))
    body = b"[" + b",".join([letter.replace(b'": ', b'":')] * batch) + b"]"
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    connection.connect()
    measured(lambda: post(connection, body, batch, letters))


def post(connection: http.client.HTTPConnection, body: bytes, batch: int, letters: int) -> dict[str, float]:
    """The same body again and again."""
    for _ in range(letters // batch):
        connection.request("POST", "/email/batch", body, {"Content-Type": "application/json"})
        connection.getresponse().read()
    return {"letters": letters // batch * batch}


if __name__ == "__main__":
    main()
