"""XES from a source nobody vouches for: every type of the standard is read, everything dangerous is refused by line."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from workflows.eventlog import Columns, Event, Log, Trace, UnreadableLogError, read_log
from workflows.eventlog.log import Annotated, AttributeList, Classifier, Container, Extension, Identifier
from workflows.eventlog.sources import open_source
from workflows.eventlog.xes_reader import MAX_DEPTH, XesReader

EVENT = '<event><string key="concept:name" value="a"/></event>'


def read(text: str | bytes, columns: Columns | None = None) -> Log:
    return read_log(io.BytesIO(text.encode() if isinstance(text, str) else text), columns)


def refused(text: str | bytes, columns: Columns | None = None) -> str:
    with pytest.raises(UnreadableLogError) as error:
        read(text, columns)
    return str(error.value)


def attribute(xml: str) -> object:
    event = f'<event><string key="concept:name" value="a"/>{xml}</event>'
    return read(f"<log><trace>{event}</trace></log>").traces[0].events[0].attributes["x"]


def test_a_log_with_everything_the_standard_knows() -> None:
    log = read(
        """<?xml version="1.0" encoding="UTF-8"?>
        <log xes.version="1849.2016" xes.features="nested-attributes" xmlns="http://www.xes-standard.org/">
          <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
          <global scope="trace"><string key="concept:name" value="?"/><date key="deadline"
            value="2000-01-01T00:00:00Z"/></global>
          <global scope="event"><string key="concept:name" value="?"/></global>
          <classifier name="Activity" scope="event" keys="concept:name"/>
          <string key="source" value="a &lt; b &#10; &amp;"/>
          <trace>
            <string key="concept:name" value="1"/>
            <date key="deadline" value="2026-03-01T00:00:00.000+08:00"/>
            <event>
              <string key="concept:name" value="审核"/>
              <date key="time:timestamp" value="2026-02-01T09:30:00.250+08:00"/>
              <string key="org:resource" value="R1"/>
              <int key="cost" value="7"/>
            </event>
          </trace>
          <trace/>
        </log>"""
    )
    china = timezone(timedelta(hours=8))
    event = Event("审核", datetime(2026, 2, 1, 9, 30, 0, 250_000, china), "R1", {"cost": 7})
    assert log.traces == (
        Trace("1", {"deadline": datetime(2026, 3, 1, tzinfo=china)}, (event,)),
        Trace("#2"),
    )
    assert log.head.attributes == {"source": "a < b \n &"}
    assert log.head.extensions == (Extension("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),)
    assert log.head.classifiers == (Classifier("Activity", "concept:name"),)
    assert log.head.case_attributes == {"deadline"}


@pytest.mark.parametrize(
    ("xml", "value"),
    [
        ('<string key="x" value=""/>', ""),
        ('<date key="x" value="2026-02-01T09:30:00Z"/>', datetime(2026, 2, 1, 9, 30, tzinfo=UTC)),
        ('<date key="x" value="2026-02-01T09:30:00.123456789"/>', datetime(2026, 2, 1, 9, 30, 0, 123_456, UTC)),
        ('<int key="x" value="-9223372036854775808"/>', -(2**63)),
        ('<float key="x" value="1e-3"/>', 0.001),
        ('<float key="x" value="-INF"/>', float("-inf")),
        ('<boolean key="x" value="1"/>', True),
        ('<boolean key="x" value="False"/>', False),
        ('<id key="x" value="7-7"/>', Identifier("7-7")),
        (
            '<list key="x"><values><int key="a" value="1"/><int key="a" value="2"/></values></list>',
            AttributeList((("a", 1), ("a", 2))),
        ),
        ('<list key="x"><int key="a" value="1"/></list>', AttributeList((("a", 1),))),
        ('<list key="x"/>', AttributeList(())),
        ('<container key="x"><int key="a" value="1"/></container>', Container({"a": 1})),
        (
            '<string key="x" value="v"><int key="a" value="1"><id key="b" value="2"/></int></string>',
            Annotated("v", {"a": Annotated(1, {"b": Identifier("2")})}),
        ),
        (
            '<list key="x"><string key="note" value="n"/><values/></list>',
            Annotated(AttributeList(()), {"note": "n"}),
        ),
    ],
)
def test_every_type_of_attribute(xml: str, value: object) -> None:
    found = attribute(xml)
    assert found == value
    assert type(found) is type(value)


ENTITIES = (
    '<!DOCTYPE log [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>\n<log><string key="x" '
)
DEEP = "<log><trace><event>" + '<string key="x" value="v">' * MAX_DEPTH


@pytest.mark.parametrize(
    ("document", "line", "reason"),
    [
        (ENTITIES + 'value="&b;"/></log>', 1, "a document type is not allowed"),
        ('<!DOCTYPE log SYSTEM "file:///etc/passwd">\n<log/>', 1, "a document type is not allowed"),
        ('<!DOCTYPE html>\n<html lang="en"></html>', 1, "a document type is not allowed"),
        ('\n<log><string key="x" value="&unknown;"/></log>', 2, "not well-formed"),
        ("<log>\n<trace>\n</log>", 3, "not well-formed"),
        ("<log>", 1, "not well-formed"),
        (DEEP, 1, "nested deeper than 32"),
        ("<html/>", 1, "<html> is not known as the outermost element of a log"),
        ("<log>\n\n<process/></log>", 3, "<process> is not known in <log>"),
        (f"<log>\n{EVENT}</log>", 2, "<event> is not known in <log>"),
        ('<log><extension name="a" prefix="a"/></log>', 1, "<extension> has no uri"),
        ('<log><global scope="log"/></log>', 1, "it is event or trace"),
        ("<log><trace>\n<event/></trace></log>", 2, "an event has no concept:name"),
        ('<log><trace><event>\n<string key="concept:name" value=" "/></event></trace></log>', 1, "no concept:name"),
        (f'<log><string value="v"/>{EVENT}</log>', 1, "<string> has no key"),
        ('<log>\n<int key="n"/></log>', 2, "'n' has no value"),
        ('<log>\n<int key="n" value="1.5"/></log>', 2, "'1.5' is no value of the type int"),
        ('<log>\n<int key="n" value="9223372036854775808"/></log>', 2, "no value of the type int"),
        ('<log>\n<int key="n" value="１"/></log>', 2, "no value of the type int"),
        ('<log>\n<float key="n" value="1_0"/></log>', 2, "no value of the type float"),
        ('<log>\n<boolean key="n" value="yes"/></log>', 2, "no value of the type boolean"),
        ('<log>\n<date key="n" value="2026-02-30T00:00:00Z"/></log>', 2, "no value of the type date"),
        ('<log>\n<date key="n" value="0001-01-01T00:00:00+08:00"/></log>', 2, "no value of the type date"),
        ('<log>\n<date key="n" value="2026-01-01T00:00:00+23:59"/></log>', 2, "no value of the type date"),
        ('<log>\n<string key="x" value="' + "v" * 1_000_001 + '"/></log>', 2, "longer than 1000000"),
        ('<log><trace>\n<event><id key="x" value=""/><id key="x" value=""/></event></trace></log>', 2, "a key twice"),
        ('<log><trace>\n<string key="concept:name" value="' + "n" * 201 + '"/></trace></log>', 1, "longer than 200"),
        (f'<log><trace>\n<event><string key="concept:name" value="{"n" * 301}"/></event></trace></log>', 2, "than 300"),
        (
            '<log>\n<trace><string key="concept:name" value="1"/></trace>\n'
            '<trace><string key="concept:name" value="1"/></trace></log>',
            3,
            "the trace '1' is there twice",
        ),
        (
            '<log><trace>\n<string key="deadline" value="soon"/>\n</trace></log>',
            1,
            "deadline is 'soon', which is not an instant",
        ),
        ("<log><list key='x'><values/>\n<values/></list></log>", 2, "values twice"),
        ('<?xml version="1.0" encoding="no-such"?>\n<log/>', 1, ""),
    ],
)  # fmt: skip
def test_what_is_refused_names_its_line(document: str, line: int, reason: str) -> None:
    message = refused(document)
    assert message.startswith(f"line {line}: ")
    assert reason in message
    assert len(message) < 250


def test_other_keys_may_mean_the_same() -> None:
    columns = Columns(case="case:id", activity="Activity", time="When", resource="Who", deadline="Due")
    log = read(
        '<log><trace><string key="id" value="7"/><string key="concept:name" value="other"/>'
        '<string key="Due" value="2026-01-01"/>'
        '<event><string key="concept:name" value="old"/><string key="Activity" value="new"/>'
        '<string key="When" value="2026-01-01 10:00"/><id key="Who" value="R"/></event></trace></log>',
        columns,
    )
    (trace,) = log.traces
    assert (trace.identifier, trace.attributes["source:concept:name"]) == ("7", "other")
    assert trace.attributes["Due"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert trace.events == (Event("new", datetime(2026, 1, 1, 10, tzinfo=UTC), "R", {"source:concept:name": "old"}),)
    assert "an event has no Activity" in refused(f"<log><trace>{EVENT}</trace></log>", columns)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings_of_xml(encoding: str) -> None:
    name = "iso-8859-1" if encoding == "iso-8859-1" else encoding.removesuffix("-sig")
    document = f'<?xml version="1.0" encoding="{name}"?><log><string key="x" value="é"/></log>'
    assert read(document.encode(encoding)).head.attributes == {"x": "é"}


def test_order_in_the_file_is_order_in_the_trace_whatever_the_instants_say() -> None:
    late, early = (
        f'<event><string key="concept:name" value="{day}"/><date key="time:timestamp" value="2026-01-0{day}"/></event>'
        for day in (2, 1)
    )
    assert [event.activity for event in read(f"<log><trace>{late}{early}</trace></log>").traces[0].events] == ["2", "1"]


def test_it_is_read_as_a_stream() -> None:
    chunks = iter([b"<log><trace>" + EVENT.encode() + b"</trace>", b"<trace/>", b"<broken", b"", b""])

    class Slow(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return next(chunks)

    traces: Iterator[Trace] = XesReader(Slow()).traces()  # type: ignore[arg-type]
    assert next(traces).identifier == "#1"
    assert next(traces).identifier == "#2"
    with pytest.raises(UnreadableLogError):
        next(traces)


def test_packed_files_are_known_by_their_bytes_and_limited(tmp_path: Path) -> None:
    path = tmp_path / "log.xes"
    path.write_bytes(gzip.compress(f"<log><trace>{EVENT}</trace></log>".encode()))
    with open_source(path) as stream:
        assert len(read_log(stream).traces) == 1
    bomb = tmp_path / "bomb.xes.gz"
    bomb.write_bytes(gzip.compress(b"<log>" + b" " * 5_000_000))
    with open_source(bomb, limit=1_000_000) as stream, pytest.raises(UnreadableLogError, match="more than 1000000"):
        read_log(stream)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UnreadableLogError, match="cannot be unpacked"), open_source(path) as stream:
        read_log(stream)
    with pytest.raises(UnreadableLogError, match="cannot be read"):
        open_source(tmp_path / "nothing.xes")
    with pytest.raises(UnreadableLogError, match="cannot be read"):
        open_source(tmp_path)


def test_rubbish_is_refused_and_nothing_else_happens() -> None:
    for length in (1, 100, 5_000):
        with pytest.raises(UnreadableLogError):
            read(b"<" + os.urandom(length))
