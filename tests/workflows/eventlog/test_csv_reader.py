"""CSV as offices save it: marks, semicolons, Chinese encodings, and rows that are wrong."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.eventlog import Columns, Event, Log, UnreadableLogError, figures_of, read_log
from workflows.eventlog.csv_reader import CsvReader

HEADER = "case:concept:name,concept:name,time:timestamp,org:resource\n"


def read(text: str | bytes, columns: Columns | None = None) -> Log:
    return read_log(io.BytesIO(text.encode() if isinstance(text, str) else text), columns)


def refused(text: str | bytes, columns: Columns | None = None) -> str:
    with pytest.raises(UnreadableLogError) as error:
        read(text, columns)
    return str(error.value)


def test_columns_of_the_case_and_of_the_event() -> None:
    log = read(
        "case:concept:name,case:deadline,case:channel,concept:name,time:timestamp,org:resource,cost\n"
        "1,2026-03-01 00:00:00+08:00,Desk,a,2026-02-01 09:00:00.250000+08:00,R1,35.0\n"
        "2,,,b,,,\n"
        "1,2026-03-01 00:00:00+08:00,Desk,b,2026-02-02,537,007\n"
    )
    first, second = log.traces
    assert first.attributes == {"deadline": datetime(2026, 2, 28, 16, tzinfo=UTC), "channel": "Desk"}
    assert first.events == (
        Event("a", datetime(2026, 2, 1, 1, 0, 0, 250_000, UTC), "R1", {"cost": "35.0"}),
        Event("b", datetime(2026, 2, 2, tzinfo=UTC), "537", {"cost": "007"}),
    ), "text stays text: no number is made of 537, 35.0 or 007"
    assert (second.identifier, second.attributes, second.events) == ("2", {}, (Event("b"),))
    assert log.head.case_attributes == {"deadline", "channel"}


def test_rows_of_a_case_may_stand_anywhere_and_are_ordered_by_time() -> None:
    log = read(
        HEADER + "1,c,2026-01-03,\n2,x,2026-01-01,\n1,a,2026-01-01,\n1,after a,,\n1,b1,2026-01-02,\n"
        "1,b2,2026-01-02T08:00+08:00,\n"
    )
    assert [event.activity for event in log.traces[0].events] == ["a", "after a", "b1", "b2", "c"]
    assert [trace.identifier for trace in log.traces] == ["1", "2"]


@pytest.mark.parametrize(
    "document",
    [
        (HEADER + "1,受理,2026-01-01,甲\n").encode("utf-8-sig"),
        (HEADER + "1,受理,2026-01-01,甲\n").encode("gb18030"),
        (HEADER + "1,受理,2026-01-01,甲\n").replace(",", ";").encode(),
        (HEADER + "1,受理,2026-01-01,甲\n").replace(",", "\t").replace("\n", "\r\n").encode("gb18030"),
        (HEADER + "\n1,受理,2026/1/1 00:00,甲\n\n").replace("\n", "\r").encode(),
        (HEADER + '"1","受理","2026-01-01 00:00:00","甲"').encode(),
    ],
)
def test_how_offices_save(document: bytes) -> None:
    reader = CsvReader(io.BytesIO(document), zone=ZoneInfo("Asia/Shanghai"))
    (trace,) = reader.traces()
    assert trace.events == (Event("受理", datetime(2025, 12, 31, 16, tzinfo=UTC), "甲"),)
    assert str(trace.events[0].at).endswith("+08:00")
    assert ("GB 18030" in " ".join(reader.notes)) == (b"\xca\xdc\xc0\xed" in document)


def test_other_columns_may_mean_the_same() -> None:
    columns = Columns(case="id", activity="step", time="when", resource="who", deadline="due", end="closed")
    log = read("id,step,when,who,due,closed,concept:name\n7,a,2026-01-01,R,2026-02-01,2026-03-01,x\n", columns)
    assert log.traces[0].attributes == {
        "due": datetime(2026, 2, 1, tzinfo=UTC),
        "closed": datetime(2026, 3, 1, tzinfo=UTC),
    }
    assert log.traces[0].events[0].attributes == {"source:concept:name": "x"}
    assert figures_of(log.traces, columns)["late"] == 1


def test_an_end_column_in_which_nothing_stands_means_that_all_are_open() -> None:
    log = read("case:concept:name,concept:name,case:enddate\n1,a,\n2,a, \n")
    figures = figures_of(log.traces, declared=log.head.case_attributes)
    assert (figures["open"], figures["closed"], figures["throughput_days"]) == (2, 0, None)


def test_rows_that_contradict_each_other_about_their_case_are_told() -> None:
    reader = CsvReader(
        io.BytesIO(b"case:concept:name,concept:name,case:group\n1,a,\n1,b,G1\n1,c,G2\n2,a,G1\n2,b,\n"),
    )
    first, second = reader.traces()
    assert (first.attributes, second.attributes) == ({"group": "G1"}, {"group": "G1"})
    assert reader.notes == ("Cases whose rows say different things about the case: 1. The first counts.",)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "line 1: the file has no header in its first line."),
        ("\n1,a\n", "line 1: the file has no header in its first line."),
        ("a,b\n", "line 1: there is no column 'case:concept:name' (name another with --case-column) and 'concept:name' "
                  "(name another with --activity-column); the file has: a, b."),
        ("a,a\n", "line 1: the header has the column 'a' twice."),
        (HEADER + "1,a,2026-01-01\n", "line 2: the row has 3 cells, the header 4."),
        (HEADER + "1,a,,\n,a,,\n", "line 3: case:concept:name is empty."),
        (HEADER + "1, ,,\n", "line 2: concept:name is empty."),
        (HEADER + '1,"a\nb",,\n1,a,yesterday,\n', "line 4: time:timestamp is 'yesterday', which is not an instant such "
                                                 "as 2026-09-29 10:00:00+08:00."),
        (HEADER + "1,a,2026-02-30,\n2,a,2026-01-01 25:00,\n", "line 3: time:timestamp is '2026-01-01 25:00'"),
        (HEADER + "1,a,9999-12-31 23:59:59-08:00,\n", "line 2: time:timestamp"),
        (HEADER + f"{'1' * 201},a,,\n", "line 2: case:concept:name is longer than 200 characters."),
        (HEADER + f"1,{'a' * 301},,\n", "line 2: concept:name is longer than 300 characters."),
        (HEADER + f"1,a,,{'a' * 201}\n", "line 2: org:resource is longer than 200 characters."),
        (HEADER + f"1,a,,{'a' * 1_000_001}\n", "line 2: this is not a row of a CSV file"),
        (HEADER + '1,a,,"open\n2,b,,\n', "line 2: this is not a row of a CSV file"),
        (HEADER + "1,a,,\n1,a\0,,\n", "line 3: there is a NUL character."),
        (HEADER.encode() + b"1,\xff\xff,,\n", "the file is neither in UTF-8 nor in GB 18030."),
        ("case:concept:name,concept:name,due,case:due\n", "line 1: two columns say 'due' of the case."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_line(document: str | bytes, message: str) -> None:
    assert message in refused(document, Columns(deadline="due") if "due" in str(document) else None)


def test_many_wrong_rows_are_counted_and_a_wrong_one_lets_nothing_through() -> None:
    reader = CsvReader(io.BytesIO((HEADER + "1,a,,\n" + "1,a,never,\n" * 12).encode()))
    with pytest.raises(UnreadableLogError) as error:
        next(reader.traces())
    assert error.value.total == 12
    assert [problem.line for problem in error.value.problems] == list(range(3, 13))
    assert str(error.value).endswith("; and 2 more.")


def test_a_column_asked_for_by_name_must_be_there() -> None:
    assert "no column 'who' (name another with --resource-column)" in refused(HEADER, Columns(resource="who"))
    assert read("case:concept:name,concept:name\n1,a\n").traces[0].events == (Event("a"),)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("123"), st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
        ).filter(lambda row: bool(row[1].strip())),
        max_size=8,
    )
)
def test_whatever_a_cell_holds_comes_through(rows: list[tuple[str, str]]) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["case:concept:name", "concept:name"])
    writer.writerows(rows)
    found = [(trace.identifier, event.activity) for trace in read(out.getvalue()).traces for event in trace.events]
    assert sorted(found) == sorted(rows)
