"""Who may have a file, as far as the file decides."""

from __future__ import annotations

import pytest

from services.documents.permissions import can_read_original, is_owner
from services.parties.enums import Role
from tests.factories.accounts import UserFactory
from tests.factories.documents import make_upload
from tests.factories.papers import AT
from tests.factories.parties import MembershipFactory


@pytest.mark.django_db
def test_owner_and_auditor() -> None:
    upload = make_upload()
    auditor = MembershipFactory(department__code="ZWB", role=Role.AUDITOR).user
    handler = MembershipFactory(department__code="SCJG", role=Role.HANDLER).user
    assert is_owner(upload.owner, upload)
    assert not is_owner(UserFactory(), upload)
    assert can_read_original(auditor, AT)
    assert not can_read_original(handler, AT)
    assert not can_read_original(upload.owner, AT)
