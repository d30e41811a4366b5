"""The stand-in registers, running beside a test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from portal.demo.registry import Registry, read_entries


@contextmanager
def running_registers(settings: Any) -> Iterator[Registry]:
    """Run the demo's registers on a free port, without latency, and let the portal ask them."""
    server = Registry(("127.0.0.1", 0), entries=read_entries())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    settings.SOURCES_URL = server.url
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
