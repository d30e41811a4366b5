"""The copies a benchmark's town is made of open like their originals."""

from __future__ import annotations

import pytest

from services.notifications.models import Notice
from tests.benchmarks import town
from tests.benchmarks.filling import unguarded
from tests.factories.notifications import NoticeFactory


@pytest.mark.django_db
def test_a_copied_notice_opens_in_its_own_row() -> None:
    first = NoticeFactory(subject_kind="application", subject_id="7")
    with unguarded():
        town._copy(Notice, 3)
        town._seal_again()
    copies = Notice.objects.filter(pk__gt=town._APART)
    assert [one.params for one in copies] == [first.params] * 3
