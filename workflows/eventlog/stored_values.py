"""Attributes as the JSON of the analysis store, and back without loss.

Text stays text, so that it can be searched; everything else is `{type: value}` with the types of XES, because JSON
tells neither an instant from text nor 1.0 from 1, and PostgreSQL's refuses NaN.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from workflows.eventlog.log import Annotated, AttributeList, Attributes, AttributeValue, Container, Identifier


def to_stored(attributes: Attributes) -> dict[str, Any]:
    """Return attributes as JSON."""
    return {key: _stored(value) for key, value in attributes.items()}


def from_stored(attributes: dict[str, Any]) -> dict[str, AttributeValue]:
    """Return the attributes that `to_stored` wrote."""
    return {key: _value(stored) for key, stored in attributes.items()}


def _stored(value: AttributeValue) -> Any:
    match value:
        case str():
            return value
        case datetime():
            return {"date": value.isoformat()}
        case bool():
            return {"boolean": value}
        case int():
            return {"int": value}
        case float():
            return {"float": repr(value)}
        case Identifier():
            return {"id": value.text}
        case AttributeList():
            return {"list": [[key, _stored(item)] for key, item in value.items]}
        case Container():
            return {"container": to_stored(value.attributes)}
        case Annotated():
            return {"annotated": [_stored(value.value), to_stored(value.attributes)]}


def _value(stored: Any) -> AttributeValue:
    if isinstance(stored, str):
        return stored
    ((kind, content),) = stored.items()
    match kind:
        case "date":
            return datetime.fromisoformat(content)
        case "float":
            return float(content)
        case "id":
            return Identifier(content)
        case "list":
            return AttributeList(tuple((key, _value(item)) for key, item in content))
        case "container":
            return Container(from_stored(content))
        case "annotated":
            return Annotated(_value(content[0]), from_stored(content[1]))
    number: int | bool = content
    return number
