"""Files in parts at the same time and after a while."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from services.documents.models import PartialUpload
from services.documents.operations import forget_partials
from services.documents.operations.partial_uploads import (
    PartialBusyError,
    append_part,
    fingerprint,
    give_up_partial,
    hold_partial,
)
from services.documents.reconciliation import file_report
from tests.factories.accounts import UserFactory
from tests.factories.cases import ApplicationFactory
from tests.factories.documents import files_on_disk, make_partial
from tests.factories.papers import AT


@pytest.mark.django_db(transaction=True)
def test_two_parts_at_the_same_time_do_not_mix() -> None:
    user = UserFactory()
    partial = make_partial(ApplicationFactory(), by=user)
    refused: list[type[Exception]] = []

    def second() -> None:
        for act in (
            lambda: append_part(public_id=partial.public_id, offset=0, part=b"y" * 10, by=user, at=AT),
            lambda: give_up_partial(public_id=partial.public_id, by=user),
        ):
            try:
                act()
            except PartialBusyError as error:
                refused.append(type(error))
        connection.close()

    with transaction.atomic():
        append_part(public_id=partial.public_id, offset=0, part=b"x" * 10, by=user, at=AT)
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert refused == [PartialBusyError, PartialBusyError]
    assert files_on_disk()[0].read_bytes() == b"x" * 10


@pytest.mark.django_db
def test_one_finishes_at_a_time_and_a_dead_one_is_followed() -> None:
    user = UserFactory()
    partial = make_partial(ApplicationFactory(), by=user)
    append_part(public_id=partial.public_id, offset=0, part=b"x" * 10, by=user, at=AT)
    hold_partial(public_id=partial.public_id, by=user, at=AT)
    with pytest.raises(PartialBusyError):
        hold_partial(public_id=partial.public_id, by=user, at=AT + dt.timedelta(minutes=1))
    hold_partial(public_id=partial.public_id, by=user, at=AT + dt.timedelta(minutes=3))


@pytest.mark.django_db
def test_what_nobody_goes_on_with_is_forgotten(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    user, draft = UserFactory(), ApplicationFactory()
    make_partial(draft, by=user)
    make_partial(draft, by=user, at=AT + dt.timedelta(hours=20))
    assert file_report(at=AT, hashes=True).clean
    with django_capture_on_commit_callbacks(execute=True):
        assert forget_partials(at=AT + dt.timedelta(hours=25)) == 1
    assert PartialUpload.objects.count() == len(files_on_disk()) == 1


def test_fingerprints_are_hex_or_base64() -> None:
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert fingerprint(digest.upper()) == digest
    assert fingerprint("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=") == digest
    assert [fingerprint(bad) for bad in ("", "x" * 64, "eA==", "中")] == [""] * 4
