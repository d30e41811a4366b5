"""The same form changed in two windows: nothing is overwritten unseen, nothing is asked that is clear."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.forms.comparing import mark, same
from services.forms.merging import MINE, THEIRS, choice, marks_of, merge_answers, read_base, write_base

BASE = marks_of({"a": "old"}, ["a", "b"])


def test_only_here_only_there_both_the_same_and_both_differently() -> None:
    here = merge_answers(stored={"a": "old"}, sent={"a": "mine"}, base=BASE)
    assert (here.accepted, here.newer, here.contested) == ({"a": "mine"}, {}, {})
    there = merge_answers(stored={"a": "theirs"}, sent={"a": "old"}, base=BASE)
    assert (there.accepted, there.newer, there.contested) == ({}, {"a": "theirs"}, {})
    alike = merge_answers(stored={"a": "new"}, sent={"a": "new"}, base=BASE)
    assert (alike.accepted, alike.newer, alike.contested) == ({}, {}, {})
    both = merge_answers(stored={"a": "theirs"}, sent={"a": "mine"}, base=BASE)
    assert (both.accepted, both.newer, both.contested) == ({}, {}, {"a": ("mine", "theirs")})
    emptied = merge_answers(stored={}, sent={"a": "mine"}, base=BASE)
    assert emptied.contested == {"a": ("mine", None)}
    added = merge_answers(stored={"a": "old"}, sent={"b": "x", "a": "old"}, base=BASE)
    assert added.accepted == {"b": "x"}


def test_a_choice_counts_for_the_answer_she_saw() -> None:
    sent = {"stored": {"a": "theirs"}, "sent": {"a": "mine"}, "base": BASE}
    assert merge_answers(**sent, chosen={"a": choice(MINE, "theirs")}).accepted == {"a": "mine"}
    assert merge_answers(**sent, chosen={"a": choice(THEIRS, "theirs")}).newer == {"a": "theirs"}
    assert merge_answers(**sent, chosen={"a": choice(MINE, "theirs, before")}).contested
    assert merge_answers(**sent, chosen={"a": "mine"}).contested


def test_a_base_travels_through_a_hidden_input() -> None:
    names = {"a.b": "a-b", "c": "c", "d.e": "d-e"}
    base = marks_of({"a.b": "x", "d.e": [{"k": 1}]}, names)
    assert read_base(write_base(base, names), names) == base
    assert base["c"] == ""
    assert read_base("a-b:1234 unknown:5 broken", names) == {"a.b": "1234"}
    assert read_base("x " * 1000, names) == {}


_answers = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2", "3"]), max_size=3)


@given(_answers, _answers, _answers)
def test_nothing_is_lost_whatever_was_typed_where(start: dict, here: dict, there: dict) -> None:
    """Every answer of either side that differs from the start is stored, shown as newer, or asked about."""
    merge = merge_answers(stored=there, sent=here, base=marks_of(start, "abc"))
    for code, mine in here.items():
        theirs, began = there.get(code), start.get(code)
        ends = merge.accepted.get(code, theirs)
        if same(mine, theirs):
            assert same(ends, mine)
        elif same(theirs, began):
            assert merge.accepted[code] == mine
        elif same(mine, began):
            assert code not in merge.accepted
            assert merge.newer[code] == theirs
        else:
            assert code not in merge.accepted
            assert merge.contested[code] == (mine, theirs)
        assert mark(ends) == mark(mine) or code in merge.newer or code in merge.contested
