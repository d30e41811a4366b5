"""A dispatcher's senders: a few connections per channel, each used by one thread. No thread touches the database."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from urllib.parse import urljoin

from django.conf import settings

from services.notifications.channels import Envelope, PermanentError, SendError, Senders, TemporaryError
from services.notifications.crash_points import crash_point
from services.notifications.messages import MessageError, render
from services.notifications.models import Notice
from services.notifications.queries import Contact
from services.notifications.retries import MAX_ATTEMPTS


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A notice with all that is needed to send it. items: those that a digest gathers."""

    notice: Notice
    contact: Contact
    address: str
    items: Sequence[Notice] = ()


class Crew:
    """Threads that send. working: channels that have answered during this dispatch."""

    def __init__(self, size: int) -> None:
        """Hire up to `size` threads, each when it is first needed."""
        self.size = size
        self.working: set[str] = set()
        self._own = threading.local()
        self._senders: list[Senders] = []
        self._threads = ThreadPoolExecutor(max_workers=size, thread_name_prefix="notices")

    def send(self, letter: Letter) -> Future[SendError | None]:
        """Have a notice sent; the result is None, or why it was not taken."""
        return self._threads.submit(self._attempt, letter)

    def close(self) -> None:
        """Wait for the threads and hang up."""
        self._threads.shutdown()
        for senders in self._senders:
            senders.close()

    def _attempt(self, letter: Letter) -> SendError | None:
        try:
            if not hasattr(self._own, "senders"):
                self._own.senders = Senders()
                self._senders.append(self._own.senders)
            return attempt(letter, self._own.senders)
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


def attempt(letter: Letter, senders: Senders) -> SendError | None:
    """Write and send one notice; return why it was not taken, None if it was."""
    if letter.notice.attempts > MAX_ATTEMPTS:  # whoever took it the last time died over it
        return PermanentError("LeaseExpired")
    try:
        envelope = _envelope(letter)
        crash_point("dispatch_before_send")
        senders.send(letter.notice.channel, envelope)
        crash_point("dispatch_after_send")
    except SendError as error:
        return error
    return None


def _envelope(letter: Letter) -> Envelope:
    notice = letter.notice
    if not letter.address:
        raise PermanentError("NoAddress")
    try:
        message = render(notice.kind, notice.params, notice.language)
        if letter.items:
            message = replace(message, body="\n".join([message.body, "", *_lines(letter)]))
    except MessageError as error:
        raise PermanentError(type(error).__name__) from error
    return Envelope(
        key=notice.provider_key,
        to=letter.address,
        language=notice.language,
        message=message,
        link=notice.link,
        facts=_facts(notice),
        endpoint=letter.contact.endpoint,
    )


def _lines(letter: Letter) -> Iterator[str]:
    """Yield what a digest says of each notice it gathers."""
    for item in letter.items:
        yield f"· {render(item.kind, item.params, letter.notice.language).subject}"
        if item.link:
            yield f"  {urljoin(settings.SITE_URL, item.link)}"


def _facts(notice: Notice) -> dict[str, str]:
    """Return what a program may know: numbers and ids, no name."""
    number = notice.params.get("case") or notice.params.get("application") or ""
    return {
        "kind": notice.kind,
        "subject_kind": notice.subject_kind,
        "subject_id": notice.subject_id,
        "number": number,
        "owed_at": notice.created_at.isoformat(),
    }
