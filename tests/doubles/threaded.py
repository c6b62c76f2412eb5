"""Any asyncio protocol as a server on loopback in a thread of this process.

The protocol keeps its connection as `transport`, so that what is still open at the end can be closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def serving(
    make_protocol: Callable[[], asyncio.BaseProtocol], *, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Serve until the block ends; the port."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    stop = asyncio.Event()
    ports: list[int] = []
    protocols: list[asyncio.BaseProtocol] = []

    def make_and_remember() -> asyncio.BaseProtocol:
        protocols.append(make_protocol())
        return protocols[-1]

    async def serve() -> None:
        server = await loop.create_server(make_and_remember, "127.0.0.1", 0, ssl=tls)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await stop.wait()
        server.close()
        for protocol in protocols:
            transport = getattr(protocol, "transport", None)
            if transport is not None:
                transport.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Transports close their sockets in the rounds after they were told to.
        for _ in range(3):
            await asyncio.sleep(0)

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, name="server on loopback")
    thread.start()
    ready.wait(10)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
