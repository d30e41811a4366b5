"""Small values that name a party or a post, to pass around and to store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, order=True)
class PartyRef:
    """Names a person or an organisation. Its text form is "person:12"."""

    kind: Literal["person", "organisation"]
    id: int

    def __str__(self) -> str:
        """Return the text form."""
        return f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> PartyRef:
        """Read the text form.

        Raises:
            ValueError: it is none.
        """
        kind, _, number = text.partition(":")
        if kind == "person" and number.isdecimal():
            return cls("person", int(number))
        if kind == "organisation" and number.isdecimal():
            return cls("organisation", int(number))
        raise ValueError("not a party")


@dataclass(frozen=True, order=True)
class Post:
    """A department's post: work waits for whoever holds it, never for a person who may leave."""

    department: str
    role: str
