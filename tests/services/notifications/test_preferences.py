"""What somebody has chosen: pure questions."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.messages import GROUPS, MessageKind, message_book
from services.notifications.preferences import CHOICES, Preferences

ZONE = ZoneInfo("Asia/Shanghai")
times = st.times().map(lambda moment: moment.replace(microsecond=0))
anything = st.builds(
    Preferences,
    off=st.frozensets(st.tuples(st.sampled_from(GROUPS), st.sampled_from(CHOICES))),
    quiet_from=times,
    quiet_until=times,
    digest_at=st.lists(times, max_size=2, unique=True).map(tuple),
    webhook=st.booleans(),
)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
instants = st.integers(0, 63_000_000).map(lambda second: FIRST + timedelta(seconds=second))


def kind(**changes: object) -> MessageKind:
    words = {"name": "k", "channels": ("inbox", "email", "sms"), "placeholders": (), "texts": {}}
    return MessageKind(**{**words, **changes})  # type: ignore[arg-type]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@given(anything)
def test_what_is_stored_is_read_again(preferences: Preferences) -> None:
    assert Preferences.read(preferences.stored()) == preferences
    assert Preferences.read({}) == Preferences()


@given(anything)
def test_the_inbox_is_no_choice(preferences: Preferences) -> None:
    for entry in message_book().kinds.values():
        if "inbox" in entry.channels:
            assert "inbox" in preferences.channels_for(entry)


@pytest.mark.parametrize(
    ("preferences", "entry", "channels"),
    [
        (Preferences(), kind(), ["inbox", "email", "sms"]),
        (Preferences(off=frozenset({("progress", "email")})), kind(), ["inbox", "sms"]),
        (Preferences(off=frozenset({("tasks", "email")})), kind(), ["inbox", "email", "sms"]),
        (
            Preferences(off=frozenset({("progress", "email"), ("progress", "sms")})),
            kind(service=True),
            ["inbox", "email"],
        ),
        (Preferences(webhook=True), kind(), ["inbox", "email", "sms", "webhook"]),
        (Preferences(digest_at=(time(9),)), kind(channels=("inbox",), group="tasks"), ["inbox", "email"]),
        (Preferences(digest_at=(time(9),)), kind(channels=("inbox",), group="tasks", urgent=True), ["inbox"]),
        (Preferences(digest_at=(time(9),)), kind(channels=("inbox",)), ["inbox"]),
    ],
)
def test_channels_are_those_of_the_kind_less_what_is_off(
    preferences: Preferences, entry: MessageKind, channels: list[str]
) -> None:
    assert preferences.channels_for(entry) == channels


@pytest.mark.parametrize(
    ("at", "loud"),
    [
        ("2026-10-12T20:59:59", "2026-10-12T20:59:59"),
        ("2026-10-12T21:00:00", "2026-10-13T08:00:00"),
        ("2026-12-31T23:30:00", "2027-01-01T08:00:00"),
        ("2026-10-13T00:00:00", "2026-10-13T08:00:00"),
        ("2026-10-13T07:59:59", "2026-10-13T08:00:00"),
        ("2026-10-13T08:00:00", "2026-10-13T08:00:00"),
    ],
)
def test_a_text_message_waits_for_the_end_of_quiet_hours(at: str, loud: str) -> None:
    assert Preferences().loud_from(kind(), local(at), ZONE) == local(loud)
    assert Preferences().loud_from(kind(urgent=True), local(at), ZONE) == local(at)


def test_quiet_hours_within_a_day_and_none() -> None:
    noon = Preferences(quiet_from=time(12), quiet_until=time(14))
    assert noon.loud_from(kind(), local("2026-10-12T13:00:00"), ZONE) == local("2026-10-12T14:00:00")
    assert noon.loud_from(kind(), local("2026-10-12T23:00:00"), ZONE) == local("2026-10-12T23:00:00")
    none = Preferences(quiet_from=time(8), quiet_until=time(8))
    assert none.loud_from(kind(), local("2026-10-12T08:00:00"), ZONE) == local("2026-10-12T08:00:00")


@given(anything, instants)
def test_quiet_hours_end_within_a_day_and_do_not_begin_anew(preferences: Preferences, at: datetime) -> None:
    loud = preferences.loud_from(kind(), at, ZONE)
    assert at <= loud
    assert (loud - at).total_seconds() <= 24 * 3600
    assert preferences.loud_from(kind(), loud, ZONE) == loud


@given(anything.filter(lambda one: one.digest_at), instants)
def test_the_next_digest_is_the_first_of_its_times(preferences: Preferences, at: datetime) -> None:
    moment = preferences.next_digest(at, ZONE)
    assert 0 < (moment - at).total_seconds() <= 24 * 3600
    assert moment.astimezone(ZONE).time() in preferences.digest_at
