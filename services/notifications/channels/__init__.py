"""The channels that leave the building. The inbox is not among them: its rows are delivered by being written."""

from __future__ import annotations

from typing import Protocol

from services.notifications.channels.email import EmailSender
from services.notifications.channels.envelope import Envelope
from services.notifications.channels.errors import ChannelDownError, PermanentError, SendError, TemporaryError
from services.notifications.channels.sms import SmsSender
from services.notifications.channels.webhook import WebhookSender
from services.notifications.enums import Channel

__all__ = [
    "ChannelDownError",
    "Envelope",
    "PermanentError",
    "SendError",
    "Sender",
    "Senders",
    "TemporaryError",
]


class Sender(Protocol):
    """What a channel that leaves the building can do."""

    def send(self, envelope: Envelope) -> None:
        """Hand one message over. Raises SendError when the other side did not take it."""

    def close(self) -> None:
        """Hang up."""


class Senders:
    """One sender per channel, connected when first used and kept for the messages that follow."""

    def __init__(self) -> None:
        """Connect to nothing yet."""
        self._senders: dict[str, Sender] = {
            Channel.EMAIL.value: EmailSender(),
            Channel.SMS.value: SmsSender(),
            Channel.WEBHOOK.value: WebhookSender(),
        }

    def send(self, channel: str, envelope: Envelope) -> None:
        """Hand one message over. Raises SendError when the other side did not take it."""
        self._senders[channel].send(envelope)

    def close(self) -> None:
        """Hang up."""
        for sender in self._senders.values():
            sender.close()
