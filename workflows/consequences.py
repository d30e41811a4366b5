"""The registry of what may follow when a clock reaches a threshold. The services fill it in `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.clocks.effects import Consequence, ThresholdReached

#: What reached a threshold, each with the consequence the published rules name for it.
Occurrence = tuple[ThresholdReached, Consequence]
#: Carries out one consequence for many clocks at once, inside the sweep's transaction: their roots are locked.
Carry = Callable[[Sequence[Occurrence], datetime], None]
#: Says in one sentence what is wrong with a consequence's options, "" when nothing is.
Check = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, kw_only=True)
class RegisteredConsequence:
    """A consequence: what carries it out, and what checks its options before rules are published."""

    carry: Carry
    check: Check


class UnknownConsequenceError(LookupError):
    """Rules name a consequence that no service registered."""


_registered: dict[str, RegisteredConsequence] = {}


def _anything(options: Mapping[str, Any]) -> str:
    return ""


def register(name: str, *, check: Check = _anything) -> Callable[[Carry], Carry]:
    """Register a function as the consequence called `name`; it gets all clocks of one sweep step together."""

    def enter(carry: Carry) -> Carry:
        _registered[name] = RegisteredConsequence(carry=carry, check=check)
        return carry

    return enter


def consequence(name: str) -> RegisteredConsequence:
    """Return a registered consequence. Raises UnknownConsequenceError."""
    try:
        return _registered[name]
    except KeyError:
        raise UnknownConsequenceError(f"There is no consequence called {name}.") from None


def known_consequences() -> list[str]:
    """Return the names of all registered consequences, sorted."""
    return sorted(_registered)
