"""Luck: even, the same everywhere, and nobody else's."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.simulation.chance import Fixed, Lottery, Seen, Spread, mixed, nearest_rank, number_of, share

MANY = 20_000


def lucks(step: str) -> list[float]:
    return [share(mixed(1, number(case), number_of(step), 0)) for case in range(MANY)]


def number(case: int) -> int:
    return number_of(str(case))


def test_shares_are_even_and_steps_do_not_know_of_each_other() -> None:
    one, other = lucks("one"), lucks("other")
    for tenth in range(10):
        found = sum(tenth / 10 <= luck < (tenth + 1) / 10 for luck in one)
        assert abs(found - MANY / 10) < 5 * (MANY * 0.1 * 0.9) ** 0.5
    both = sum(a < 0.5 and b < 0.5 for a, b in zip(one, other, strict=True))
    assert abs(both - MANY / 4) < 5 * (MANY * 0.25 * 0.75) ** 0.5


def test_luck_is_the_same_in_every_process() -> None:
    words = "from workflows.simulation.chance import mixed, number_of; print(mixed(1, number_of('step'), 2))"
    told = {
        subprocess.run(
            [sys.executable, "-c", words], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert told == {f"{mixed(1, number_of('step'), 2)}\n"}


@given(
    st.lists(st.floats(1, 10_000), min_size=3, max_size=3).map(sorted),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 1, exclude_max=True),
)
def test_a_spread_meets_its_percentiles_and_more_luck_takes_longer(
    stated: list[float], luck: float, more: float
) -> None:
    spread = Spread(*(one * 60 for one in stated))
    for percent, expected in zip((0.1, 0.5, 0.9), stated, strict=True):
        assert spread.at(percent) == pytest.approx(expected * 60, abs=1)
    low, high = sorted((luck, more))
    assert 0 <= spread.at(low) <= spread.at(high)


@pytest.mark.parametrize("stated", [(0, 1, 2), (2, 1, 3), (1, 3, 2), (1, 2, float("inf")), (-1, 2, 3)])
def test_percentiles_that_are_none_are_refused(stated: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="in this order"):
        Spread(*stated)


def test_what_was_seen_is_drawn_each_as_often() -> None:
    seen = Seen((1, 5, 9, 9))
    assert [seen.at(luck) for luck in (0, 0.24, 0.25, 0.5, 0.75, 1)] == [1, 1, 5, 9, 9, 9]
    assert Fixed(7).at(0.3) == 7


def test_a_lottery_draws_by_weight_and_nothing_without_weight() -> None:
    lottery = Lottery.of([("a", 3), ("never", 0), ("b", 1)])
    assert [lottery.drawn(luck) for luck in (0, 0.74, 0.75, 0.999999)] == ["a", "a", "b", "b"]
    assert Lottery.of([]).drawn(0.5) == ""


@given(st.lists(st.integers(0, 50), min_size=1).map(sorted), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed(values: list[int], percent: int) -> None:
    found = nearest_rank(values, percent)
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert all(sum(value <= less for value in values) * 100 < percent * len(values) for less in values if less < found)
