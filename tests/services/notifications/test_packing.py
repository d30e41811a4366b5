"""Packed values: every object comes back, and what was stored before packing still opens."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from services.access.encryption import encrypt
from services.notifications.models import Notice
from services.notifications.packing import PackedJSONField
from tests.factories.notifications import PARAMS, NoticeFactory

plain_json = st.dictionaries(st.text(max_size=20), st.text(max_size=200), max_size=6)


@given(plain_json)
def test_what_is_packed_comes_back(value: dict[str, str]) -> None:
    assert PackedJSONField._decode(PackedJSONField._encode(value)) == value


def test_the_values_of_a_usual_notice_take_half_the_room() -> None:
    assert len(PackedJSONField._encode(PARAMS)) < len(json.dumps(PARAMS, ensure_ascii=False).encode()) / 2


@pytest.mark.django_db
def test_a_row_from_before_still_opens() -> None:
    notice = NoticeFactory()
    stored = encrypt(json.dumps(PARAMS).encode(), column="notifications_notice|params", row=notice.dedup_key)
    with connection.cursor() as cursor:
        cursor.execute("update notifications_notice set params = %s where id = %s", [stored, notice.pk])
    assert Notice.objects.get(pk=notice.pk).params == PARAMS
