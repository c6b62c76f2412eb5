"""The web part beside the jobs: in a thread of its own, from when its address is free until the daemon ends."""

from __future__ import annotations

import threading

from engine.app.reception import Reception
from engine.errors import UsageError
from engine.web.serving import Door, open_door


class Webside:
    """Serves readers' pages and webhooks. `address`: where, once it does."""

    def __init__(self, reception: Reception, host: str, port: int) -> None:
        self.reception = reception
        self.host = host
        self.port = port
        self._door: Door | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Where it serves; "" while it does not."""
        return self._door.address if self._door is not None else ""

    def open(self) -> bool:
        """Whether it serves now; False while somebody else has the address, as the daemon before us may."""
        if self._door is not None:
            return True
        try:
            self._door = open_door(self.reception, self.host, self.port)
        except UsageError:
            return False
        self._thread = threading.Thread(target=self._door.serve, name="web", daemon=True)
        self._thread.start()
        return True

    def close(self, seconds: float) -> None:
        """Answer whoever is being answered, and let the address go."""
        if self._door is not None and self._thread is not None:
            self._door.close()
            self._thread.join(seconds)
            self._door = None
