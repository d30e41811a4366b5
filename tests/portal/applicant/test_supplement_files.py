"""Files of a supplement and of an answer: the same parts, states and refusals as a draft's; nothing else is open."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from services.cases.declarations import wordings
from services.cases.models import InformationRequest, OneTimeNotice
from services.cases.operations.answering import StillCheckedError, answer_supplement
from services.cases.operations.asking import Missing, ask_supplement, send_notice_now
from services.cases.operations.requests import request_information
from services.cases.operations.steps import complete_step
from services.cases.operations.wallet import keep_for_later
from services.documents.enums import UploadState
from services.documents.models import PartialUpload, Upload
from services.documents.queries import uploads_of
from tests import naughty
from tests.factories.applications import filed_application, open_task, user
from tests.factories.documents import pdf_bytes, picture_bytes
from tests.portal.applicant.test_documents import CORPUS
from tests.portal.applicant.uploading import Desk
from tests.services.cases.conftest import _loaded, city  # noqa: F401 - fixtures
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.usefixtures("city")
PLAN = "sign-design"


@dataclass
class AskedDesk(Desk):
    """The owner of a sign whose filing misses a document and a field, at her browser."""

    kind, code = "supplement", PLAN

    def __post_init__(self) -> None:
        """File an hour ago and ask now."""
        self.user = user("owner")
        self.client.force_login(self.user, backend="django.contrib.auth.backends.ModelBackend")
        self.application = filed_application(service="sign-filing", at=database_now() - timedelta(hours=1))
        self.case = self.application.cases.get()
        self.ask()

    def ask(self) -> None:
        """Ask for both; the notice goes out at once."""
        missing = [
            Missing(kind="material", code=PLAN, reason="请重新上传清晰的设计图。"),
            Missing(kind="element", code="sign.text", reason="请与执照一致。"),
        ]
        task, clerk = open_task(self.case, "intake"), user("clerk")
        ask_supplement(task_id=task.pk, missing=missing, by=clerk, at=database_now())
        if not OneTimeNotice.objects.exists():
            send_notice_now(task_id=task.pk, reason="申请人在窗口。", by=clerk, at=database_now())

    @property
    def page(self) -> str:
        """The address of her supplement."""
        return reverse("applicant:supplement", args=[self.place_id])

    @property
    def place_id(self) -> str:
        """The id of what her page is about."""
        return self.case.public_id

    def form(self, file: SimpleUploadedFile) -> dict[str, Any]:
        """Return what the page's form sends with a file."""
        return {f"file-{self.code}": file, "upload": self.code}

    @property
    def new(self) -> list[Upload]:
        """What she handed in for it since she was asked."""
        since = OneTimeNotice.objects.get().released_at
        return list(
            uploads_of("application", self.application.pk, material_code=self.code).filter(uploaded_at__gte=since)
        )


class AnsweringDesk(AskedDesk):
    """The same owner, asked something after her filing was accepted."""

    kind = "request"

    def ask(self) -> None:
        """Accept and ask."""
        at, handler = database_now(), user("city-handler")
        complete_step(task_id=open_task(self.case, "intake").pk, outcome="accept", by=user("clerk"), at=at)
        self.asked = request_information(case_id=self.case.pk, text="招牌何时安装？", by=handler, at=at)
        self.code = self.asked.material_code

    @property
    def page(self) -> str:
        """The address of the question."""
        return reverse("applicant:request", args=[self.place_id])

    @property
    def place_id(self) -> str:
        """The id of the question."""
        return self.asked.public_id

    @property
    def new(self) -> list[Upload]:
        """The files of her answer."""
        return list(uploads_of("application", self.application.pk, material_code=self.code))


@pytest.mark.parametrize(("kind", "sample"), [(AskedDesk, 2), (AnsweringDesk, 7)])
def test_files_come_in_parts_whatever_they_are_called_and_hold(kind: type[AskedDesk], sample: int) -> None:
    """Every hostile name and content: in parts or with the form, by turns; an answer takes a sample of them."""
    desk = kind()
    page = desk.client.get(desk.page).content.decode()
    for stated in ("data-upload", "data-begin", 'capture="environment"', "PDF、JPG、PNG", "20 MB", "uploads.js"):
        assert stated in page
    content, size = random.Random(5).randbytes(300_000), 100_000
    content = b"\x89PNG\r\n\x1a\n" + content  # no picture: what matters first is how it arrives
    address = desk.begin(content, "断.png")["Location"]
    assert desk.part(address, 0, content[:size]).status_code == 204
    page = desk.client.get(desk.page).content.decode()
    assert 'data-state="partial"' in page
    assert "断.png" in page
    again = desk.begin(content, "断.png")  # the connection was lost: the same file goes on where it stopped
    assert (again["Location"], again["Upload-Offset"]) == (address, str(size))
    assert desk.part(address, size, content[size:]).json()["code"] == "damaged"
    assert not desk.new
    refused = [one for one in CORPUS if one[3] and one[0] != "pixels.png"]
    for name, bad, media_type, code in refused[::sample]:
        assert desk.send(bad, name, filetype=media_type).json()["code"] == code, name
    for name, bad, media_type, _code in refused[1::sample]:
        assert desk.post(bad, name, media_type).status_code == 422, name
    assert not desk.new
    taken = set()
    names = [*naughty.file_names(), "双.重.pdf", '"quote".pdf', "../../etc/passwd"]
    for number, name in enumerate(names[::sample]):
        sent = desk.send(pdf_bytes() + b"\n%%%d\n" % number, name)
        assert sent.status_code in (204, 422), name
        if sent.status_code == 204:
            taken.add(name)
            assert name in unescape(desk.client.get(desk.place("document")).content.decode())
        Upload.objects.filter(material_code=desk.code).exclude(state=UploadState.REMOVED).delete()
    assert taken
    assert not {"../../etc/passwd", "x\0.pdf", "x.pHp"} & taken
    for name in [one for one in names[1::sample] if "\r" not in one]:
        assert desk.post(pdf_bytes(), name).status_code in (302, 422), name
        Upload.objects.filter(material_code=desk.code).exclude(state=UploadState.REMOVED).delete()


def test_only_what_is_marked_is_open_and_only_while_it_is_asked() -> None:
    desk = AskedDesk()
    other = Desk()
    desk.code = "business-licence-copy"
    assert desk.begin(pdf_bytes(), "a.pdf").status_code == 404
    desk.code = PLAN
    assert other.client.post(desk.place("begin_part"), headers={"Tus-Resumable": "1.0.0"}).status_code == 404
    begun = desk.begin(pdf_bytes(), "spaet.pdf")["Location"]
    assert desk.send(picture_bytes(), "neu.jpg").status_code == 204
    (new,) = desk.new
    shown = desk.client.get(reverse("applicant:supplement_review", args=[desk.place_id]))
    assert "neu.jpg" in shown.content.decode()
    reviewed = {"reviewed": shown.context["hash"]}
    # What is taken back, or comes, after she looked is not sent without a look.
    for hostile in ("\0", "x" * 500, "𬴊"):
        assert desk.client.post(desk.page, {"take_back": hostile}).status_code == 302
        assert desk.client.post(desk.page, {"wallet": hostile}).status_code in (302, 422)
    desk.client.post(desk.page, {"take_back": new.public_id})
    assert not desk.new
    assert desk.client.post(shown.request["PATH_INFO"], reviewed).status_code == 200
    assert OneTimeNotice.objects.get().answered_at is None
    # An old file of hers, kept in her wallet, is picked; typed words survive every button.
    old = uploads_of("application", desk.application.pk, material_code=PLAN).first()
    assert old is not None
    agreed = wordings()["keep_documents"].sha256
    keep_for_later(public_ids=[old.public_id], agreed=agreed, by=desk.user, at=database_now())
    page = desk.client.get(desk.page)
    name = next(iter(page.context["form"].fields))
    typed = {"asked": page.context["form"].asked, page.context["form"][name].html_name: "老街坊（演示）"}
    pick = f"{PLAN} kept:{old.public_id}"
    assert f'value="{pick}"' in page.content.decode()
    kept = desk.client.post(desk.page, {**typed, "wallet": pick}, follow=True).content.decode()
    assert "老街坊（演示）" in kept
    assert [(one.sha256, one.origin["by"]) for one in desk.new] == [(old.sha256, "wallet")]
    # A file that the scanner has not judged keeps the answer from being sent, with a word why.
    Upload.objects.filter(pk=desk.new[0].pk).update(state=UploadState.CHECKING)
    with pytest.raises(StillCheckedError):
        answer_supplement(case_id=desk.case.pk, answers={}, by=desk.user, at=database_now())
    assert "病毒" in desk.client.post(shown.request["PATH_INFO"], reviewed).content.decode()
    Upload.objects.filter(state=UploadState.CHECKING).update(state=UploadState.READY)
    shown = desk.client.get(shown.request["PATH_INFO"])
    assert desk.client.post(shown.request["PATH_INFO"], {"reviewed": shown.context["hash"]}).status_code == 302
    sent = OneTimeNotice.objects.get()
    assert sent.answered_hash == shown.context["hash"]
    # Closed: the part that was on its way, a new one and a removal change nothing any more.
    before = {one.pk for one in desk.new}
    late = desk.part(begun, 0, pdf_bytes())
    assert (late.status_code, late.json()["code"]) == (410, "closed")
    assert desk.begin(pdf_bytes(), "a.pdf").status_code == 404
    assert desk.client.post(desk.place("take_back"), {"upload": desk.new[0].public_id}).status_code == 404
    assert {one.pk for one in desk.new} == before
    assert not PartialUpload.objects.filter(finished_at=None).exists()
    assert desk.client.get(desk.page).status_code == 200


def test_an_answer_keeps_what_was_written_and_takes_files_until_it_is_sent() -> None:
    desk = AnsweringDesk()
    assert desk.client.post(desk.page, {"text": "", "upload": desk.code}).status_code == 422
    answer = desk.post(picture_bytes(), "计划.jpg", text="下周六安装。")
    assert answer.status_code == 302
    page = desk.client.get(desk.page).content.decode()
    assert "下周六安装。" in page
    assert "计划.jpg" in page
    assert not InformationRequest.objects.exclude(answered_at=None).exists()
    desk.client.post(desk.page, {"text": "下周日安装。", "take_back": desk.new[0].public_id})
    assert not desk.new
    assert desk.client.post(desk.page, {"text": " "}).status_code == 422
    assert desk.send(picture_bytes(), "计划2.jpg").status_code == 204
    sent = desk.client.post(desk.page, {"text": "下周日安装。"}, follow=True)
    assert sent.status_code == 200
    asked = InformationRequest.objects.get()
    assert asked.answer == {"text": "下周日安装。"}
    assert desk.begin(picture_bytes(), "spaet.jpg").status_code == 404
    shown = desk.client.get(desk.page).content.decode()
    assert "计划2.jpg" in shown
    assert "data-upload" not in shown
