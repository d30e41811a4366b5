"""A department asks after acceptance, the applicant answers with words and a file: both pages say that time goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from services.cases.models import InformationRequest
from services.cases.operations.requests import request_information
from services.cases.operations.steps import complete_step
from services.cases.queries.wallet import last_day_kept
from services.documents.operations.keeping import keep_document
from services.documents.queries import uploads_of
from tests.factories.applications import filed_application, open_task, user
from tests.factories.documents import make_upload
from tests.portal.test_one_time_notices import picture, signed_in, words
from tests.services.cases.conftest import _loaded, city  # noqa: F401 - fixtures
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.usefixtures("city")


@pytest.mark.parametrize(
    ("language", "goes_on", "answered"),
    [("en", "time limits go on", "Your answer"), ("zh-hans", "办理时限照常计算", "您的答复")],
)
def test_asked_and_answered(language: str, goes_on: str, answered: str) -> None:
    at = database_now() - timedelta(hours=1)
    case = filed_application(service="sign-filing", at=at).cases.get()
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=at)
    handler, owner = signed_in("city-handler", language), signed_in("owner", language)
    page, ask = (reverse(f"desk:{name}", args=[case.public_id]) for name in ("case", "ask"))
    assert handler.post(ask, {"ask-text": " "}).status_code == 422
    asked_page = handler.post(ask, {"ask-text": "招牌何时安装？"}, follow=True)
    assert goes_on in words(asked_page)
    asked = InformationRequest.objects.get()
    timeline = owner.get(reverse("applicant:application", args=[case.application.public_id]))
    address = reverse("applicant:request", args=[asked.public_id])
    assert "招牌何时安装？" in words(timeline)
    assert address in timeline.content.decode()
    shown = owner.get(address)
    assert goes_on in words(shown)
    assert owner.post(address, {"text": ""}).status_code == 422
    assert (
        owner.post(address, {"text": "下周。", f"file-{asked.material_code}": picture("安装计划.png")}).status_code
        == 302
    )
    assert answered in words(owner.get(address))
    got = words(handler.get(page))
    assert "下周。" in got
    assert "安装计划.png" in got
    upload = handler.get(reverse("desk:upload", args=[case.public_id, _file(handler, page)]))
    assert upload.status_code == 200
    other = signed_in("owner2", language)
    assert other.get(address).status_code == 404


def test_an_answer_takes_documents_of_the_wallet() -> None:
    at, owner = database_now() - timedelta(hours=1), user("owner")
    case = filed_application(service="sign-filing", at=at).cases.get()
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=at)
    asked = request_information(case_id=case.pk, text="招牌何时安装？", by=user("city-handler"), at=at)
    party = case.application.party
    for number in range(4):
        kept = make_upload(by=owner, subject_id="999999", original_name=f"安装计划{number}.jpg")
        keep_document(
            upload=kept, party_kind=party.kind, party_id=party.id, consent_hash="x",
            until=last_day_kept(at), by=owner, at=at,
        )  # fmt: skip
    client, address = signed_in("owner", "zh-hans"), reverse("applicant:request", args=[asked.public_id])
    shown = words(client.get(address))
    assert "从证照包中选择" in shown
    assert "从证照包选用：安装计划3.jpg" in shown
    item = f"{asked.material_code} kept:{kept.public_id}"
    assert client.post(address, {"text": "下周。", "wallet": item}).status_code == 302
    assert client.get(address).context["form"].initial["text"] == "下周。", "what was typed stays"
    assert client.post(address, {"text": "下周。", "wallet": f"{asked.material_code} kept:x"}).status_code == 422
    (taken,) = uploads_of("application", case.application_id, material_code=asked.material_code)
    assert (taken.sha256, taken.origin["by"]) == (kept.sha256, "wallet")
    assert client.post(address, {"text": "下周。"}).status_code == 302
    assert words(client.get(address)).count("安装计划3.jpg") == 1


def _file(client, page: str) -> str:
    (one,) = [one for asked in client.get(page).context["requests"] for one in asked.files]
    return one.public_id
