"""Read XES (IEEE 1849) as a stream, one trace at a time, from a source that nobody vouches for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import BinaryIO, NoReturn
from xml.parsers import expat

from workflows.eventlog.columns import Columns, case_key
from workflows.eventlog.errors import refusal
from workflows.eventlog.instants import read_instant
from workflows.eventlog.log import (
    NAME,
    RESOURCE,
    TIME,
    Annotated,
    AttributeList,
    AttributeValue,
    Classifier,
    Container,
    Event,
    Extension,
    Head,
    Identifier,
    Trace,
    as_text,
    set_standard_keys_aside,
)
from workflows.eventlog.sources import MAX_ACTIVITY, MAX_IDENTIFIER, MAX_RESOURCE

MAX_DEPTH = 32
MAX_TEXT = 1_000_000
_CHUNK = 1 << 16
_SIMPLE = frozenset({"string", "date", "int", "float", "boolean", "id"})
_ATTRIBUTES = _SIMPLE | {"list", "container"}
#: What may stand in what; the standard knows nothing else.
_INSIDE: Mapping[str, frozenset[str]] = {
    "": frozenset({"log"}),
    "log": _ATTRIBUTES | {"extension", "global", "classifier", "trace"},
    "trace": _ATTRIBUTES | {"event"},
    "list": _ATTRIBUTES | {"values"},
    **dict.fromkeys((*_SIMPLE, "event", "global", "values", "container"), _ATTRIBUTES),
}
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,5})?", re.ASCII)
_NO_NUMBERS = {"INF": float("inf"), "+INF": float("inf"), "-INF": float("-inf"), "NaN": float("nan")}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class _Open:
    """An element that has begun and not ended."""

    __slots__ = ("children", "events", "key", "line", "name", "value", "words")

    def __init__(self, name: str, line: int, words: Mapping[str, str]) -> None:
        self.name, self.line, self.words = name, line, words
        self.key = ""
        self.value: AttributeValue | None = None
        self.children: list[tuple[str, AttributeValue]] = []
        self.events: list[Event] = []


class XesReader:
    """Reads one XES source. Iterate `traces()` to its end; `head` is whole from then on."""

    def __init__(self, stream: BinaryIO, columns: Columns | None = None, zone: tzinfo | None = None) -> None:
        """Prepare to read. columns: keys other than the standard's. zone: of dates without an offset, else UTC."""
        self._stream = stream
        self._columns = columns or Columns()
        self._values = _readers(zone)
        self._case_key = case_key(self._columns.case)
        self._instants = self._columns.instants
        self._stack: list[_Open] = []
        self._ready: list[Trace] = []
        self._seen: set[str] = set()
        self._names: dict[str, str] = {}
        self._extensions: list[Extension] = []
        self._classifiers: list[Classifier] = []
        self._globals: dict[str, dict[str, AttributeValue]] = {"trace": {}, "event": {}}
        self._attributes: dict[str, AttributeValue] = {}
        self.notes: tuple[str, ...] = ()
        self._parser = self._new_parser()

    @property
    def head(self) -> Head:
        """What the log says about itself, as far as it has been read."""
        return Head(
            attributes=self._attributes,
            extensions=tuple(self._extensions),
            classifiers=tuple(self._classifiers),
            trace_globals=self._globals["trace"],
            event_globals=self._globals["event"],
            case_attributes=frozenset(self._globals["trace"]) - {self._case_key},
        )

    def traces(self) -> Iterator[Trace]:
        """Yield the traces in the order of the file. Raises UnreadableLogError that names the line."""
        try:
            while chunk := self._stream.read(_CHUNK):
                self._parser.Parse(chunk, False)
                yield from self._ready
                self._ready.clear()
            self._parser.Parse(b"", True)
            yield from self._ready
        except expat.ExpatError as error:
            raise refusal(f"this is not well-formed XML ({expat.ErrorString(error.code)})", error.lineno) from None
        except (LookupError, ValueError):
            # What the parser says to an encoding that it does not know.
            raise refusal("the file is in an encoding that is not read: use UTF-8", 1) from None

    def _new_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        # Refused before anything of it is expanded or fetched: a log needs no document type and no entities.
        parser.StartDoctypeDeclHandler = lambda *_: self._refuse("a document type is not allowed")
        parser.EntityDeclHandler = lambda *_: self._refuse("an entity is not allowed")
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        return parser

    def _refuse(self, reason: str, line: int | None = None) -> NoReturn:
        raise refusal(reason, self._parser.CurrentLineNumber if line is None else line)

    def _local(self, name: str) -> str:
        return self._names.setdefault(name, name.rpartition(" ")[2])

    def _start(self, full_name: str, words: dict[str, str]) -> None:
        name = self._names.get(full_name) or self._local(full_name)
        stack = self._stack
        parent = stack[-1].name if stack else ""
        if name not in _INSIDE.get(parent, ()):
            where = f"in <{parent}>" if parent else "as the outermost element of a log"
            self._refuse(f"<{name}> is not known {where}")
        if len(stack) >= MAX_DEPTH:
            self._refuse(f"elements are nested deeper than {MAX_DEPTH} levels")
        # Counting lines is dear, and most elements are plain attributes without anything inside to complain of.
        element = _Open(name, 0 if name in _SIMPLE else self._parser.CurrentLineNumber, words)
        if name in _ATTRIBUTES:
            self._begin_attribute(element)
        stack.append(element)

    def _begin_attribute(self, element: _Open) -> None:
        key = element.words.get("key")
        if not key:
            self._refuse(f"<{element.name}> has no key")
        element.key = self._names.setdefault(key, key)
        if element.name not in _SIMPLE:
            return
        text = element.words.get("value")
        if text is None:
            self._refuse(f"the attribute {key!r:.80} has no value")
        if len(text) > MAX_TEXT:
            self._refuse(f"the attribute {key!r:.80} is longer than {MAX_TEXT} characters")
        try:
            element.value = self._values[element.name](text)
        except (ValueError, OverflowError):
            self._refuse(f"{text!r:.80} is no value of the type {element.name}")

    def _end(self, _full_name: str) -> None:
        element = self._stack.pop()
        name = element.name
        if name in _ATTRIBUTES:
            value = self._attribute_value(element)
            self._stack[-1].children.append((element.key, value))
        elif name == "event":
            self._stack[-1].events.append(self._event(element))
        elif name == "trace":
            self._ready.append(self._trace(element))
        else:
            self._end_of_head(element)

    def _attribute_value(self, element: _Open) -> AttributeValue:
        if element.name == "container":
            return Container(self._mapping(element))
        if element.name == "list":
            # Before IEEE 1849 the items stood in the list itself; <values> hands its own up as one AttributeList.
            if isinstance(element.value, AttributeList):
                extra = self._mapping(element)
                return Annotated(element.value, extra) if extra else element.value
            return AttributeList(tuple(element.children))
        if element.value is None:
            raise AssertionError(element.name)
        return Annotated(element.value, self._mapping(element)) if element.children else element.value

    def _mapping(self, element: _Open) -> dict[str, AttributeValue]:
        mapping = dict(element.children)
        if len(mapping) != len(element.children):
            self._refuse(f"<{element.name}> has a key twice", element.line or None)
        return mapping

    def _event(self, element: _Open) -> Event:
        attributes, columns = self._mapping(element), self._columns
        activity = as_text(attributes.pop(columns.activity, None))
        if not activity.strip():
            self._refuse(f"an event has no {columns.activity}", element.line)
        at = self._instant(attributes.pop(columns.time, None), columns.time, element.line)
        resource = as_text(attributes.pop(columns.resource, None))
        for text, longest in ((activity, MAX_ACTIVITY), (resource, MAX_RESOURCE)):
            if len(text) > longest:
                self._refuse(f"{text[:40]!r}… is longer than {longest} characters", element.line)
        set_standard_keys_aside(attributes, (NAME, TIME, RESOURCE))
        return Event(self._names.setdefault(activity, activity), at, resource, attributes)

    def _trace(self, element: _Open) -> Trace:
        attributes = self._mapping(element)
        # A trace needs no name by the standard; its place then tells it from the others.
        identifier = as_text(attributes.pop(self._case_key, None)) or f"#{len(self._seen) + 1}"
        if len(identifier) > MAX_IDENTIFIER:
            self._refuse(f"the name of a trace is longer than {MAX_IDENTIFIER} characters", element.line)
        if identifier in self._seen:
            self._refuse(f"the trace {identifier!r:.80} is there twice", element.line)
        self._seen.add(identifier)
        for key in self._instants & attributes.keys():
            moment = self._instant(attributes.pop(key), key, element.line)
            if moment is not None:
                attributes[key] = moment
        set_standard_keys_aside(attributes, (NAME,))
        return Trace(identifier, attributes, tuple(element.events))

    def _instant(self, value: AttributeValue | None, key: str, line: int) -> datetime | None:
        if isinstance(value, datetime):
            return value
        text = as_text(value).strip()
        if not text:
            return None
        try:
            moment = self._values["date"](text)
        except ValueError:
            self._refuse(f"{key} is {text!r:.80}, which is not an instant", line)
        return moment if isinstance(moment, datetime) else None

    def _end_of_head(self, element: _Open) -> None:
        words = element.words
        if element.name == "values":
            if self._stack[-1].value is not None:
                self._refuse("a list has its values twice", element.line)
            self._stack[-1].value = AttributeList(tuple(element.children))
        elif element.name == "global":
            scope = self._globals.get(words.get("scope", "event"))
            if scope is None:
                self._refuse(f"a global has the scope {words['scope']!r:.80}: it is event or trace", element.line)
            scope.update(self._mapping(element))
        elif element.name == "extension":
            self._extensions.append(Extension(*self._words(element, "name", "prefix", "uri")))
        elif element.name == "classifier":
            name, keys = self._words(element, "name", "keys")
            self._classifiers.append(Classifier(name, keys, words.get("scope", "event")))
        elif element.name == "log":
            self._attributes = self._mapping(element)

    def _words(self, element: _Open, *names: str) -> tuple[str, ...]:
        if missing := [name for name in names if name not in element.words]:
            self._refuse(f"<{element.name}> has no {missing[0]}", element.line)
        return tuple(element.words[name] for name in names)


def _readers(zone: tzinfo | None) -> Mapping[str, Callable[[str], AttributeValue]]:
    return {
        "string": str,
        "id": Identifier,
        "date": lambda text: read_instant(text, zone or UTC),
        "int": _integer,
        "float": _float,
        "boolean": _boolean,
    }


def _integer(text: str) -> int:
    number = int(text) if _INTEGER.fullmatch(text := text.strip()) else None
    if number is None or not -(2**63) <= number < 2**63:
        raise ValueError(text)
    return number


def _float(text: str) -> float:
    text = text.strip()
    if text in _NO_NUMBERS:
        return _NO_NUMBERS[text]
    if not _FLOAT.fullmatch(text):
        raise ValueError(text)
    return float(text)


def _boolean(text: str) -> bool:
    answer = _BOOLEANS.get(text.strip().lower())
    if answer is None:
        raise ValueError(text)
    return answer
