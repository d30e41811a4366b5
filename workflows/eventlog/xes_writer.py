"""Write XES (IEEE 1849-2016) as a stream, one trace at a time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO
from xml.sax.saxutils import quoteattr

from workflows.eventlog.instants import write_instant
from workflows.eventlog.log import (
    NAME,
    RESOURCE,
    TIME,
    Annotated,
    AttributeList,
    Attributes,
    AttributeValue,
    Classifier,
    Container,
    Event,
    Extension,
    Head,
    Identifier,
    Trace,
)

#: The extensions whose keys we write ourselves, by prefix.
EXTENSIONS = {
    prefix: Extension(name, prefix, f"http://www.xes-standard.org/{prefix}.xesext")
    for prefix, name in {
        "concept": "Concept",
        "time": "Time",
        "org": "Organizational",
        "lifecycle": "Lifecycle",
    }.items()
}
_OPENING = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<log xes.version="1849.2016" xes.features="nested-attributes" xmlns="http://www.xes-standard.org/">\n'
)
#: Characters that XML 1.0 cannot hold, not even escaped.
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_xes(out: BinaryIO, head: Head, traces: Iterable[Trace]) -> int:
    """Write a log as XES in UTF-8 and return how many traces it has.

    head: extensions, globals, classifiers and attributes of its own are kept; concept, time, org and lifecycle are
    declared always. Characters that XML cannot hold become U+FFFD. Standard: IEEE 1849-2016.
    """
    out.write(_OPENING.encode())
    out.write("".join(_head(head)).encode())
    count = 0
    for trace in traces:
        out.write("".join(_trace(trace)).encode())
        count += 1
    out.write(b"</log>\n")
    return count


def _head(head: Head) -> Iterator[str]:
    # The order is the standard's: extensions, globals, classifiers, attributes, traces.
    for extension in (EXTENSIONS | {extension.prefix: extension for extension in head.extensions}).values():
        name, prefix, uri = map(_quoted, (extension.name, extension.prefix, extension.uri))
        yield f"  <extension name={name} prefix={prefix} uri={uri}/>\n"
    for scope, attributes in (("trace", head.trace_globals), ("event", head.event_globals)):
        yield f'  <global scope="{scope}">\n'
        yield from _attributes({NAME: "unknown"} | dict(attributes), "    ")
        yield "  </global>\n"
    for classifier in head.classifiers or (Classifier("Activity", NAME),):
        name, keys, scope = map(_quoted, (classifier.name, classifier.keys, classifier.scope))
        yield f"  <classifier name={name} scope={scope} keys={keys}/>\n"
    yield from _attributes(head.attributes, "  ")


def _trace(trace: Trace) -> Iterator[str]:
    yield "  <trace>\n"
    yield from _attribute(NAME, trace.identifier, "    ")
    yield from _attributes(trace.attributes, "    ")
    for event in trace.events:
        yield "    <event>\n"
        yield from _event(event)
        yield "    </event>\n"
    yield "  </trace>\n"


def _event(event: Event) -> Iterator[str]:
    yield from _attribute(NAME, event.activity, "      ")
    if event.at is not None:
        yield from _attribute(TIME, event.at, "      ")
    if event.resource:
        yield from _attribute(RESOURCE, event.resource, "      ")
    yield from _attributes(event.attributes, "      ")


def _attributes(attributes: Attributes, indent: str) -> Iterator[str]:
    for key, value in attributes.items():
        yield from _attribute(key, value, indent)


def _attribute(key: str, value: AttributeValue, indent: str) -> Iterator[str]:
    own: Attributes = {}
    while isinstance(value, Annotated):
        own, value = {**own, **value.attributes}, value.value
    name, text = _typed(value)
    start = f"{indent}<{name} key={_quoted(key)}" + ("" if text is None else f" value={_quoted(text)}")
    if text is not None and not own:
        yield f"{start}/>\n"
        return
    yield f"{start}>\n"
    yield from _attributes(own, indent + "  ")
    if isinstance(value, AttributeList):
        yield f"{indent}  <values>\n"
        for item_key, item in value.items:
            yield from _attribute(item_key, item, indent + "    ")
        yield f"{indent}  </values>\n"
    elif isinstance(value, Container):
        yield from _attributes(value.attributes, indent + "  ")
    yield f"{indent}</{name}>\n"


def _typed(value: AttributeValue) -> tuple[str, str | None]:
    """Return the element's name and the value's text, None for what holds others."""
    match value:
        case str():
            return "string", value
        case datetime():
            return "date", write_instant(value)
        case bool():
            return "boolean", "true" if value else "false"
        case int():
            return "int", str(value)
        case float():
            return "float", _float(value)
        case Identifier():
            return "id", value.text
        case AttributeList():
            return "list", None
        case _:
            return "container", None


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    return repr(value)


def _quoted(text: str) -> str:
    return quoteattr(_IMPOSSIBLE.sub("\ufffd", text))
