"""Originals of documents: auditors only, each for a reason that stays on record."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from services.access.queries import accesses_to
from services.parties.enums import Role
from tests.factories.cases import open_case
from tests.factories.catalogue import published_service
from tests.factories.documents import make_upload, picture_bytes
from tests.factories.parties import MembershipFactory

pytestmark = pytest.mark.django_db


def signed_in(role: Role) -> Client:
    client = Client()
    member = MembershipFactory(department__code="ZWB", role=role)
    client.force_login(member.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_an_auditor_fetches_an_original_for_a_reason() -> None:
    service = published_service(item__department__code="SCJG", form={"uses": []}, materials=[{"code": "layout-plan"}])
    case = open_case(service, number="C-1")
    content = picture_bytes() + b"behind the end mark"
    upload = make_upload(content=content, subject_id=str(case.application_id), original_name="原件.jpg")
    page = reverse("oversight:originals", args=[case.public_id])
    auditor = signed_in(Role.AUDITOR)
    shown = auditor.get(page).content.decode()
    assert hashlib.sha256(content).hexdigest() in shown
    assert upload.sha256 in shown
    assert auditor.post(page, {"upload": upload.public_id, "reason": ""}).status_code == 422
    answer: Any = auditor.post(page, {"upload": upload.public_id, "reason": "抽查材料真实性"})
    assert b"".join(answer.streaming_content) == content
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    fetched = accesses_to("application", case.application_id).filter(purpose="抽查材料真实性").get()
    assert fetched.fields == ["original:layout-plan"]
    assert "抽查材料真实性" in auditor.get(page).content.decode()
    assert auditor.post(page, {"upload": "nothing", "reason": "抽查材料真实性"}).status_code == 404
    assert signed_in(Role.MANAGER).get(page).status_code == 403
