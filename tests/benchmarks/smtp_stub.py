"""An SMTP server that takes every mail and counts: `python -m tests.benchmarks.smtp_stub`.

Prints its port, then, when its input ends, one JSON object: how many mails were taken and how many ids they had.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Any

from aiosmtpd.smtp import SMTP

MESSAGE_ID = re.compile(rb"^Message-ID: *(<[^>]*>)", re.IGNORECASE | re.MULTILINE)


class Counter:
    """aiosmtpd handler: keeps ids, no mails."""

    def __init__(self) -> None:
        """Nothing taken yet."""
        self.taken, self.ids = 0, set[bytes]()

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        """Count one mail (called by aiosmtpd)."""
        self.taken += 1
        found = MESSAGE_ID.search(envelope.content)
        self.ids.add(found.group(1) if found else b"")
        return "250 OK"


async def main() -> None:
    """Serve until the input ends."""
    counter, loop = Counter(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(counter, enable_SMTPUTF8=True), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps({"taken": counter.taken, "ids": len(counter.ids)}), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
