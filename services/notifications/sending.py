"""A dispatcher's senders: a few connections per channel, each used by one thread. No thread touches the database."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from django.conf import settings

from services.notifications.channels import Envelope, PermanentError, SendError, Senders, TemporaryError
from services.notifications.crash_points import crash_point
from services.notifications.messages import MessageError, render
from services.notifications.models import Notice
from services.notifications.queries import Contact
from services.notifications.retries import MAX_ATTEMPTS


class Crew:
    """Threads that send. working: channels that have answered during this dispatch."""

    def __init__(self, size: int) -> None:
        """Hire up to `size` threads, each when it is first needed."""
        self.working: set[str] = set()
        self._own = threading.local()
        self._senders: list[Senders] = []
        self._threads = ThreadPoolExecutor(max_workers=size, thread_name_prefix="notices")

    def send(self, notice: Notice, contact: Contact) -> Future[SendError | None]:
        """Have a notice sent; the result is None, or why it was not taken."""
        return self._threads.submit(self._attempt, notice, contact)

    def close(self) -> None:
        """Wait for the threads and hang up."""
        self._threads.shutdown()
        for senders in self._senders:
            senders.close()

    def _attempt(self, notice: Notice, contact: Contact) -> SendError | None:
        try:
            if not hasattr(self._own, "senders"):
                self._own.senders = Senders()
                self._senders.append(self._own.senders)
            return attempt(notice, contact, self._own.senders)
        except Exception as error:  # one notice that cannot be written must not hold up the others
            return TemporaryError(type(error).__name__)


@contextlib.contextmanager
def open_crew() -> Iterator[Crew]:
    """Yield a crew of settings.NOTICE_CONNECTIONS and hang up at the end of the block."""
    crew = Crew(settings.NOTICE_CONNECTIONS)
    try:
        yield crew
    finally:
        crew.close()


def attempt(notice: Notice, contact: Contact, senders: Senders) -> SendError | None:
    """Write and send one notice; return why it was not taken, None if it was."""
    if notice.attempts > MAX_ATTEMPTS:  # whoever took it the last time died over it
        return PermanentError("LeaseExpired")
    try:
        envelope = _envelope(notice, contact)
        crash_point("dispatch_before_send")
        senders.send(notice.channel, envelope)
        crash_point("dispatch_after_send")
    except SendError as error:
        return error
    return None


def _envelope(notice: Notice, contact: Contact) -> Envelope:
    address = contact.address(notice.channel)
    if not address:
        raise PermanentError("NoAddress")
    try:
        message = render(notice.kind, notice.params, notice.language)
    except MessageError as error:
        raise PermanentError(type(error).__name__) from error
    return Envelope(key=notice.provider_key, to=address, language=notice.language, message=message, link=notice.link)
