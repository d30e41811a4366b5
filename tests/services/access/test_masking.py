"""What lists show of personal data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access.masking import mask_id_number, mask_mobile, mask_name


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("110105194912310021", "110***********0021"),
        ("P0000001X", "P00**001X"),
        ("12345678", "******78"),
        ("7", "7"),
        ("", ""),
    ],
)
def test_id_numbers(number, masked):
    assert mask_id_number(number) == masked


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("李小敏", "李*敏"),
        ("欧阳小敏", "欧**敏"),
        ("阿依古丽·买买提", "阿***·买**"),
        ("Anna Smith", "A*** S****"),
        ("Anna", "A***"),
        ("李", "李"),
        ("", ""),
    ],
)
def test_names(name, masked):
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("mobile", "masked"),
    [("13812343210", "138****3210"), ("+447700900001", "+4477****0001"), ("12345", "***45"), ("", "")],
)
def test_mobiles(mobile, masked):
    assert mask_mobile(mobile) == masked


@given(st.text("0123456789X", min_size=3, max_size=20))
def test_masks_keep_the_length_and_hide_something(number):
    masked = mask_id_number(number)
    assert len(masked) == len(number)
    assert "*" in masked
