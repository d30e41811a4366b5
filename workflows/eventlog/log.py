"""What an event log is: cases (traces) of events, with the attributes of XES (IEEE 1849)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

#: XES keys that stand in fields of their own below, not among the attributes.
NAME, TIME, RESOURCE = "concept:name", "time:timestamp", "org:resource"
GROUP, TRANSITION = "org:group", "lifecycle:transition"


@dataclass(frozen=True, slots=True)
class Identifier:
    """A value of the XES type `id`: compared, never shown or sorted."""

    text: str


@dataclass(frozen=True, slots=True)
class AttributeList:
    """A value of the XES type `list`: ordered, keys may repeat."""

    items: tuple[tuple[str, AttributeValue], ...]


@dataclass(frozen=True, slots=True)
class Container:
    """A value of the XES type `container`: unordered, keys are unique."""

    attributes: Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class Annotated:
    """A value that has attributes of its own (XES nested attributes)."""

    value: AttributeValue
    attributes: Mapping[str, AttributeValue]


#: string, date (always with an offset), int, float, boolean, id, list, container, and any of them annotated.
AttributeValue = str | datetime | int | float | bool | Identifier | AttributeList | Container | Annotated
Attributes = Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a case.

    at: with the offset it was written with, None where the log does not say. resource: empty where it does not say.
    """

    activity: str
    at: datetime | None = None
    resource: str = ""
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trace:
    """One case: its identifier, what is known of it as a whole, and its events in order."""

    identifier: str
    attributes: Attributes = field(default_factory=dict)
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Extension:
    """A vocabulary that a log uses. The address is a name; nothing is ever fetched from it."""

    name: str
    prefix: str
    uri: str


@dataclass(frozen=True, slots=True)
class Classifier:
    """Which keys together say that two events (or traces) are of the same class."""

    name: str
    keys: str
    scope: str = "event"


@dataclass(frozen=True, slots=True)
class Head:
    """What a log says about itself.

    case_attributes: keys that the cases can have, known from a CSV file's header or XES globals, even where none does.
    """

    attributes: Attributes = field(default_factory=dict)
    extensions: tuple[Extension, ...] = ()
    classifiers: tuple[Classifier, ...] = ()
    trace_globals: Attributes = field(default_factory=dict)
    event_globals: Attributes = field(default_factory=dict)
    case_attributes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Log:
    """A whole event log in memory."""

    head: Head
    traces: tuple[Trace, ...]


def as_text(value: AttributeValue | None) -> str:
    """Return what a value says as text; empty for None, lists and containers."""
    match value:
        case str():
            return value
        case None | AttributeList() | Container():
            return ""
        case Annotated():
            return as_text(value.value)
        case Identifier():
            return value.text
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


def set_standard_keys_aside(attributes: dict[str, AttributeValue], keys: tuple[str, ...]) -> None:
    """Rename what still stands under a standard key after another column was read in its place.

    Otherwise the key would be in a written log twice, with two meanings.
    """
    for key in keys:
        if key in attributes:
            attributes[f"source:{key}"] = attributes.pop(key)
