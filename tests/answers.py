"""What answers send, whole."""

from __future__ import annotations

from typing import Any

from portal.ui.early import EarlyPage


def whole(answer: Any) -> bytes:
    """Return everything an answer sends. What fails while the content of a page in two parts is made is raised."""
    if answer.streaming and not isinstance(answer, EarlyPage):
        return b"".join(answer.streaming_content)
    content: bytes = answer.content
    return content
