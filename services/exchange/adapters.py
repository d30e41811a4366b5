"""The ways a register can be asked, by the name its description gives. Today one: REST through the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from services.exchange import gateway
from services.exchange.gateway import Reply
from services.exchange.sources import Source


class Adapter(Protocol):
    """Asks a register about one key; called outside transactions, in a thread that must not touch the database."""

    def __call__(self, source: Source, *, key: str, key_element: str, purpose: str) -> Reply:
        """Return the reply. Raises gateway.GatewayError when there is none."""
        ...


#: A further kind is a function here and a name in a description; nothing else knows how a register is asked.
ADAPTERS: Mapping[str, Adapter] = {"rest": gateway.fetch}


def ask(source: Source, *, key: str, key_element: str, purpose: str) -> Reply:
    """Ask a register by its own kind. Raises gateway.GatewayError."""
    return ADAPTERS[source.adapter](source, key=key, key_element=key_element, purpose=purpose)
