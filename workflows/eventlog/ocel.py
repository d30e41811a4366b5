"""Object-centric event logs, written as OCEL 2.0 JSON (ocel-standard.org, version 2.0)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TextIO

from workflows.eventlog.instants import write_instant

Scalar = str | int | float | bool | datetime


class InconsistentLogError(ValueError):
    """An object-centric log names an object that it does not have, or one thing twice."""


@dataclass(frozen=True, slots=True)
class Relationship:
    """An object that an event or another object has to do with; the qualifier says as what."""

    object_id: str
    qualifier: str


@dataclass(frozen=True, slots=True)
class ObjectValue:
    """What an attribute of an object is from an instant on."""

    name: str
    value: Scalar
    since: datetime


@dataclass(frozen=True, slots=True)
class ObjectOfLog:
    """A thing that events are about."""

    id: str
    type: str
    values: tuple[ObjectValue, ...] = ()
    relationships: tuple[Relationship, ...] = ()


@dataclass(frozen=True, slots=True)
class EventOfLog:
    """Something that happened, and to which objects. at: with an offset."""

    id: str
    type: str
    at: datetime
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    relationships: tuple[Relationship, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectCentricLog:
    """Objects and the events about them; the types are what these are, nothing needs declaring.

    Raises InconsistentLogError.
    """

    objects: tuple[ObjectOfLog, ...]
    events: tuple[EventOfLog, ...]

    def __post_init__(self) -> None:
        known = {one.id for one in self.objects}
        if len(known) != len(self.objects) or len({one.id for one in self.events}) != len(self.events):
            raise InconsistentLogError("An identifier is there twice.")
        named = ((one.id, one.relationships) for things in (self.objects, self.events) for one in things)
        for identifier, relationships in named:
            for relationship in relationships:
                if relationship.object_id not in known:
                    raise InconsistentLogError(f"{identifier} refers to {relationship.object_id}, which is not there.")


def write_ocel(out: TextIO, log: ObjectCentricLog) -> None:
    """Write a log as OCEL 2.0 JSON: objectTypes, eventTypes, objects and events with qualified relationships."""
    json.dump(as_ocel(log), out, ensure_ascii=False, indent=1)
    out.write("\n")


def as_ocel(log: ObjectCentricLog) -> dict[str, Any]:
    """Return a log as the JSON value of OCEL 2.0. Instants are ISO 8601 with their offsets."""
    object_types = _types((one.type, ((each.name, each.value) for each in one.values)) for one in log.objects)
    event_types = _types((one.type, one.attributes.items()) for one in log.events)
    return {
        "objectTypes": _declared(object_types),
        "eventTypes": _declared(event_types),
        "objects": [_object(one, object_types[one.type]) for one in log.objects],
        "events": [_event(one, event_types[one.type]) for one in log.events],
    }


def _types(things: Iterable[tuple[str, Iterable[tuple[str, Scalar]]]]) -> dict[str, dict[str, str]]:
    """Return the attributes of each type and their kinds; one of two kinds is text, for the standard knows one."""
    types: dict[str, dict[str, str]] = {}
    for name, attributes in things:
        known = types.setdefault(name, {})
        for key, value in attributes:
            kind = _kind(value)
            known[key] = kind if known.get(key, kind) == kind else "string"
    return types


def _declared(types: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "attributes": [{"name": key, "type": kind} for key, kind in sorted(attributes.items())]}
        for name, attributes in sorted(types.items())
    ]


def _kind(value: Scalar) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "float"
        case datetime():
            return "time"
        case _:
            return "string"


def _object(one: ObjectOfLog, kinds: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": one.type,
        "attributes": [
            {"name": each.name, "time": write_instant(each.since), "value": _written(each.value, kinds[each.name])}
            for each in one.values
        ],
        "relationships": _relationships(one.relationships),
    }


def _event(one: EventOfLog, kinds: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": one.type,
        "time": write_instant(one.at),
        "attributes": [{"name": key, "value": _written(value, kinds[key])} for key, value in one.attributes.items()],
        "relationships": _relationships(one.relationships),
    }


def _relationships(relationships: Iterable[Relationship]) -> list[dict[str, str]]:
    return [{"objectId": each.object_id, "qualifier": each.qualifier} for each in relationships]


def _written(value: Scalar, kind: str) -> Any:
    if isinstance(value, datetime):
        return write_instant(value)
    return str(value) if kind == "string" else value
