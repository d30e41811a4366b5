"""Run one of the demo's stand-in servers until it is told to stop."""

from __future__ import annotations

import signal
import threading
from http.server import ThreadingHTTPServer


def serve_until_stopped(server: ThreadingHTTPServer, closing: threading.Event, said: str) -> int:
    """Answer until SIGTERM or SIGINT; return the exit status.

    closing: set once nothing is answered any more, so that whatever waits in the server ends. said: printed at once.
    """
    # shutdown() waits for serve_forever() to return, which this very thread runs
    stop = threading.Thread(target=server.shutdown)

    def told(*_: object) -> None:
        if stop.ident is None:
            stop.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    print(said, flush=True)
    server.serve_forever()
    closing.set()
    server.server_close()
    return 0
