"""Count what goes over the wire to PostgreSQL: every statement, whoever sent it and however."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import connection
from django.test.utils import CaptureQueriesContext
from psycopg.pq import Trace

TRANSACTION_WORDS = ("BEGIN", "COMMIT", "ROLLBACK")
#: What a client sends to have something carried out: a simple query, or a prepared one.
_CARRIED_OUT = frozenset({"Query", "Execute"})
_SHOWN = 160


@dataclass
class Traffic:
    """What was sent. sent: statements on the wire, BEGIN and COMMIT too. texts: those Django knows of, in order."""

    sent: int = 0
    texts: list[str] = field(default_factory=list)

    @property
    def without_transaction(self) -> int:
        """How many statements were sent beside BEGIN and COMMIT."""
        return self.sent - sum(text in TRANSACTION_WORDS for text in self.texts)


@contextlib.contextmanager
def traffic() -> Iterator[Traffic]:
    """Count the statements that this thread's connection sends until the block ends."""
    connection.ensure_connection()
    seen = Traffic()
    with tempfile.TemporaryFile() as log, CaptureQueriesContext(connection) as captured:
        link = connection.connection.pgconn
        link.trace(log.fileno())
        link.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield seen
        finally:
            link.untrace()
        log.seek(0)
        lines = (line.split(b"\t") for line in log)
        seen.sent = sum(line[0] == b"F" and line[2].strip().decode() in _CARRIED_OUT for line in lines if len(line) > 2)
    seen.texts = [" ".join(str(query["sql"]).split())[:_SHOWN] for query in captured.captured_queries]
