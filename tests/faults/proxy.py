"""A TCP proxy that makes a network bad: it delays what passes, cuts what runs, and refuses what comes."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator

from portal.demo.servers import LOOPBACK, free_port


class Proxy:
    """Listens at `port` and passes everything on to `target`. Change `delay` and `refusing` at any time."""

    def __init__(self, target: int) -> None:
        self.target, self.port = target, free_port()
        self.delay = 0.0  # seconds, each portion up to twice as long
        self.refusing = False
        self._loop = asyncio.new_event_loop()
        self._running: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._chance = random.Random(4)

    def cut(self) -> None:
        """Break every connection that runs now."""
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for writer in list(self._running):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        with contextlib.suppress(OSError):
            there, beyond = await asyncio.open_connection(LOOPBACK, self.target)
            self._running |= {writer, beyond}
            try:
                await asyncio.gather(self._pass(reader, beyond), self._pass(there, writer))
            finally:
                self._running -= {writer, beyond}
                beyond.close()
        writer.close()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while portion := await source.read(65536):
                if self.delay:
                    await asyncio.sleep(self._chance.uniform(0, 2 * self.delay))
                sink.write(portion)
                await sink.drain()
        sink.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, LOOPBACK, self.port))
        self._ready.set()
        self._loop.run_forever()
        server.close()

    @contextlib.contextmanager
    def open(self) -> Iterator[Proxy]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        self._ready.wait(10)
        try:
            yield self
        finally:
            self.cut()
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(10)
