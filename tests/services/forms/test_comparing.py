"""When two answers are the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forms.comparing import mark, normal, same


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (None, "", True),
        ("", [], True),
        ([{"name": "", "share": ""}], None, True),
        (300, 300.0, True),
        ("300", 300, False),
        (True, 1, False),
        ("a\r\nb", "a\nb", True),
        (["a", "b"], ["b", "a"], False),
        ([{"name": "王", "share": ""}], [{"name": "王"}], True),
        ("王 ", "王", False),
    ],
)
def test_what_makes_a_difference(one: Any, other: Any, expected: bool) -> None:
    assert same(one, other) is expected
    assert (mark(one) == mark(other)) is expected


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(_values, _values)
def test_marks_agree_with_sameness(one: Any, other: Any) -> None:
    assert same(one, one)
    assert same(normal(one), one)
    assert (mark(one) == mark(other)) is same(one, other)
