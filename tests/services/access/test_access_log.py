"""Who read whose data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.test import Client
from django.urls import reverse

from services.access.models import AccessLog
from services.access.operations import record_access
from services.access.queries import accesses_by, accesses_to, count_of_accesses
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


def record(reader=None, **changes):
    values = {"subject_kind": "person", "subject_id": 7, "fields": ["name"], "purpose": "check a document", "at": AT}
    return record_access(reader=reader or UserFactory(), **(values | changes))


def test_a_reading_is_found_by_subject_and_by_reader_newest_first():
    reader = UserFactory()
    first = record(reader, case_ref="410100-1")
    second = record(reader, at=AT + timedelta(minutes=1), allowed=False)
    record(subject_id=8)
    record(subject_kind="case")
    assert list(accesses_to("person", 7)) == [second, first]
    assert list(accesses_by(reader)) == [second, first]
    assert (first.fields, first.case_ref, first.allowed, second.allowed) == (["name"], "410100-1", True, False)


def test_accesses_are_counted_by_purpose_and_time():
    reader = UserFactory()
    record(reader, at=AT - timedelta(hours=2))
    record(reader)
    record(reader, purpose="something else")
    assert count_of_accesses(reader=reader, purpose="check a document", since=AT - timedelta(hours=1)) == 1


def test_a_reading_needs_a_purpose():
    with pytest.raises(IntegrityError, match="access_has_purpose"), transaction.atomic():
        record(purpose="")


@pytest.mark.parametrize(
    "statement",
    [
        "update access_accesslog set purpose = 'other'",
        "delete from access_accesslog",
        "truncate access_accesslog",
    ],
)
def test_the_database_refuses_to_change_the_log(statement):
    record()
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")  # else TRUNCATE fails for another reason
    with (
        pytest.raises((IntegrityError, InternalError), match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AccessLog.objects.count() == 1


def test_administrators_read_the_log_and_cannot_change_it():
    entry = record()
    client = Client()
    client.force_login(
        UserFactory(is_staff=True, is_superuser=True), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert client.get(reverse("admin:access_accesslog_changelist")).status_code == 200
    assert client.get(reverse("admin:access_accesslog_add")).status_code == 403
    change = reverse("admin:access_accesslog_change", args=[entry.pk])
    assert client.post(change, {"purpose": "other"}).status_code == 403
    assert client.post(reverse("admin:access_accesslog_delete", args=[entry.pk])).status_code == 403
