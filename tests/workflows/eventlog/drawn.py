"""Random logs for property tests, and where the public logs stand."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from workflows.eventlog.log import (
    Annotated,
    AttributeList,
    AttributeValue,
    Container,
    Event,
    Head,
    Identifier,
    Log,
    Trace,
)

SHARED = Path(os.environ.get("SHARED_DATA", Path(__file__).resolve().parents[3].parent / "shared" / "data"))
LOGS = SHARED / "event_logs"

#: Every character that XML can hold.
text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r<>&\"'"),
    max_size=12,
)
names = text.filter(lambda name: bool(name.strip()))
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=offsets | st.just(UTC))  # noqa: DTZ001
keys = names.filter(lambda key: not key.startswith(("concept:", "time:", "org:resource", "source:")))
values: st.SearchStrategy[Any] = st.recursive(
    text
    | instants
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.booleans()
    | text.map(Identifier),
    lambda inner: (
        st.lists(st.tuples(keys, inner), max_size=3).map(lambda items: AttributeList(tuple(items)))
        | st.dictionaries(keys, inner, max_size=3).map(Container)
        | st.tuples(inner.filter(lambda value: not isinstance(value, Annotated | Container)),
                    st.dictionaries(keys, inner, min_size=1, max_size=2)).map(lambda pair: Annotated(*pair))
    ),
    max_leaves=5,
)  # fmt: skip
#: Keys of cases that are given a meaning must hold what the meaning wants; the others may hold anything.
_MEANT = ("startdate", "enddate", "deadline", "channel", "department", "group")
attributes = st.dictionaries(keys.filter(lambda key: key not in _MEANT), values, max_size=3)
events = st.builds(
    Event,
    activity=names,
    at=st.none() | instants,
    resource=st.just("") | names,
    attributes=st.tuples(attributes, st.fixed_dictionaries({}, optional={"org:group": st.sampled_from(["EMPTY", "A"])}))
    .map(lambda both: {**both[0], **both[1]}),
)  # fmt: skip
case_attributes = st.tuples(
    attributes,
    st.fixed_dictionaries(
        {},
        optional={
            "startdate": instants,
            "enddate": instants,
            "deadline": instants,
            "channel": st.sampled_from(["Internet", "Desk"]),
            "department": st.sampled_from(["General", "Experts"]),
            "group": st.sampled_from(["Group 1", "EMPTY"]),
        },
    ),
).map(lambda both: {**both[0], **both[1]})
traces = st.lists(
    st.builds(Trace, identifier=names, attributes=case_attributes, events=st.lists(events, max_size=4).map(tuple)),
    max_size=5,
    unique_by=lambda trace: trace.identifier,
).map(tuple)
logs = st.builds(Log, head=st.builds(Head, attributes=attributes), traces=traces)


def exactly(value: AttributeValue | Any) -> Any:
    """Return what tells values apart that Python calls equal: 1 and 1.0 and True, and one instant at two offsets."""
    match value:
        case datetime():
            return ("date", value.isoformat())
        case str() | int() | float():
            return (type(value).__name__, repr(value))
        case Identifier():
            return ("id", value.text)
        case AttributeList():
            return ("list", [(key, exactly(item)) for key, item in value.items])
        case Container():
            return ("container", exactly(value.attributes))
        case Annotated():
            return ("annotated", exactly(value.value), exactly(value.attributes))
        case Event():
            return (value.activity, exactly(value.at), value.resource, exactly(value.attributes))
        case Trace():
            return (value.identifier, exactly(value.attributes), [exactly(event) for event in value.events])
        case dict():
            return {key: exactly(one) for key, one in value.items()}
    return value
