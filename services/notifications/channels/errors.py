"""Why a message was not taken. `reason` is a class of error and a reply code: no address, no text."""

from __future__ import annotations


class SendError(Exception):
    """A message was not taken, or nobody knows whether it was."""

    def __init__(self, reason: str) -> None:
        """Keep the reason, which must not contain personal data."""
        super().__init__(reason)
        self.reason = reason


class PermanentError(SendError):
    """Trying again cannot help: an address that does not exist, a message that is refused."""


class TemporaryError(SendError):
    """This message may pass later."""


class ChannelDownError(SendError):
    """The other side cannot be reached or does not let us in: no message of this channel would pass now."""
