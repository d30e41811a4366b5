"""What is written is read back the same, to the type and the offset; what is written is what the standard says."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from tests.workflows.eventlog.drawn import LOGS, exactly, logs, values
from workflows.eventlog import Event, Head, Log, Trace, figures_of, read_log
from workflows.eventlog.log import Classifier, Extension
from workflows.eventlog.sources import open_source
from workflows.eventlog.stored_values import from_stored, to_stored
from workflows.eventlog.xes_writer import write_xes

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("xes-1849.xsd")))


def written(log: Log) -> bytes:
    out = io.BytesIO()
    assert write_xes(out, log.head, log.traces) == len(log.traces)
    return out.getvalue()


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(logs)
def test_a_log_written_as_xes_is_read_back_the_same(log: Log) -> None:
    again = read_log(io.BytesIO(written(log)))
    assert [exactly(trace) for trace in again.traces] == [exactly(trace) for trace in log.traces]
    assert exactly(dict(again.head.attributes)) == exactly(dict(log.head.attributes))
    assert figures_of(again.traces) == figures_of(log.traces)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(logs)
def test_what_is_written_is_well_formed_and_in_the_order_of_the_standard(log: Log) -> None:
    SCHEMA.assertValid(etree.fromstring(written(log)))


@given(values)
def test_every_value_is_stored_as_json_without_loss(value: object) -> None:
    stored = json.loads(json.dumps(to_stored({"key": value}), allow_nan=False))  # type: ignore[dict-item]
    assert exactly(from_stored(stored)["key"]) == exactly(value)


def test_numbers_that_json_does_not_know_are_stored_too() -> None:
    stored = json.dumps(to_stored({"a": float("inf"), "b": float("nan"), "c": 1e300}), allow_nan=False)
    assert str(from_stored(json.loads(stored))) == "{'a': inf, 'b': nan, 'c': 1e+300}"


def test_the_head_is_kept_and_what_we_use_is_declared() -> None:
    cost = Extension("Cost", "cost", "http://www.xes-standard.org/cost.xesext")
    head = Head(
        extensions=(cost,),
        classifiers=(Classifier("Step", "concept:name lifecycle:transition"),),
        event_globals={"cost:total": 1.5},
        trace_globals={"deadline": "2026-01-01"},
    )
    again = read_log(io.BytesIO(written(Log(head, ())))).head
    assert cost in again.extensions
    assert {each.prefix for each in again.extensions} == {"concept", "time", "org", "lifecycle", "cost"}
    assert again.classifiers == head.classifiers
    assert again.event_globals == {"concept:name": "unknown", "cost:total": 1.5}
    assert again.case_attributes == {"deadline"}


def test_a_character_that_xml_cannot_hold_is_replaced() -> None:
    log = Log(Head(), (Trace("1", {}, (Event("a\x01b\x1b[2J"),)),))
    assert read_log(io.BytesIO(written(log))).traces[0].events[0].activity == "a\ufffdb\ufffd[2J"


@pytest.mark.parametrize("name", ["receipt_dev.csv", "running-example.xes", "roadtraffic100traces.csv"])
def test_public_logs_keep_their_figures_through_xes(name: str, tmp_path: Path) -> None:
    if not (LOGS / name).exists():
        pytest.skip(f"the log is not at {LOGS / name}: set SHARED_DATA")
    with open_source(LOGS / name) as stream:
        log = read_log(stream)
    document = written(log)
    SCHEMA.assertValid(etree.fromstring(document))
    packed = tmp_path / "log.xes.gz"
    packed.write_bytes(gzip.compress(document))
    with open_source(packed) as stream:
        again = read_log(stream)
    assert figures_of(again.traces) == figures_of(log.traces)
