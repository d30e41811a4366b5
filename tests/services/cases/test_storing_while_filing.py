"""A file that is being stored while the same person files: what is filed is what was reviewed, none is half there."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from portal.demo.city import load_city
from services.cases.enums import ApplicationState
from services.cases.models import Application, OneTimeNotice, ReviewedText
from services.cases.operations import prefilling
from services.cases.operations.answering import answer_supplement, supplement_hash
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.documents import begin_document, finish_document, hand_in_document
from services.cases.operations.drafts import AlreadySubmittedError
from services.cases.operations.submission import ChangedSinceReviewError, review_hash, submit_application
from services.cases.queries.places import DRAFT, SUPPLEMENT, PlaceClosedError, place_of
from services.documents.enums import UploadState
from services.documents.models import PartialUpload, Upload
from services.documents.operations.partial_uploads import append_part
from services.documents.queries import uploads_of
from services.documents.reconciliation import file_report
from services.exchange.enums import Outcome
from services.exchange.operations import SourceAnswer
from tests.factories.applications import open_task, ready_draft, user
from tests.factories.documents import picture_bytes
from tests.services.cases.conftest import MORNING

pytestmark = pytest.mark.django_db(transaction=True)
PLAN = "sign-design"
ROUNDS = 4


def begun(act: Callable[[], Any], raised: list[Exception], gate: threading.Barrier | None = None) -> threading.Thread:
    """Do something on another connection, once everybody stands at the gate; what it raises is noted."""

    def run() -> None:
        try:
            if gate is not None:
                gate.wait()
            act()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def elsewhere(act: Callable[[], Any]) -> list[Exception]:
    """Do something on another connection and wait for it; return what it raised."""
    raised: list[Exception] = []
    thread = begun(act, raised)
    thread.join(60)
    assert not thread.is_alive()
    return raised


class Between(io.BytesIO):
    """A file during whose reading something happens elsewhere."""

    def __init__(self, content: bytes, act: Callable[[], Any]) -> None:
        super().__init__(content)
        self.act: Callable[[], Any] | None = act

    def read(self, size: int | None = -1, /) -> bytes:
        """Return bytes; the first time after the other thing was done."""
        if self.act is not None:
            act, self.act = self.act, None
            assert elsewhere(act) == []
        return super().read(size)


def file_it(draft: Application) -> Application:
    """File what is there now, as somebody who just reviewed it."""
    owner = user("owner")
    return submit_application(
        application_id=draft.pk, reviewed_hash=review_hash(Application.objects.get(pk=draft.pk)), signed=True,
        consents=[], by=owner, at=MORNING,
    )  # fmt: skip


def assert_filed_as_reviewed(draft: Application) -> None:
    """What hangs on a filed application is what its reviewed text names, each file whole, and no other."""
    filed = Application.objects.get(pk=draft.pk)
    assert filed.state == ApplicationState.SUBMITTED
    reviewed = ReviewedText.objects.get(application=filed, hash=filed.reviewed_hash).content
    hanging = [[one.material_code, one.sha256, one.original_name] for one in uploads_of("application", filed.pk)]
    assert sorted(hanging) == reviewed["documents"]
    assert not Upload.objects.filter(state=UploadState.PENDING).exists()
    assert file_report(at=MORNING + timedelta(hours=2), hashes=True).clean


def test_what_arrives_while_she_files_is_refused_whole() -> None:
    load_city(at=MORNING)
    owner = user("owner")
    draft = ready_draft(service="sign-filing", at=MORNING)
    place = place_of(DRAFT, draft.public_id, PLAN, by=owner, at=MORNING)
    given: dict[str, Any] = {"original_name": "spät.jpg", "declared_type": "image/jpeg", "by": owner, "at": MORNING}
    content = picture_bytes()
    partial = begin_document(place=place, length=len(content), sha256="", **given)
    append_part(public_id=partial.public_id, offset=0, part=content, by=owner, at=MORNING)
    with pytest.raises(PlaceClosedError):
        hand_in_document(place=place, file=Between(content, lambda: file_it(draft)), length=len(content), **given)
    assert_filed_as_reviewed(draft)
    with pytest.raises(PlaceClosedError):  # its parts had arrived before; its last request comes after
        finish_document(public_id=partial.public_id, by=owner, at=MORNING)
    assert PartialUpload.objects.get().refusal == "closed"
    assert_filed_as_reviewed(draft)


def test_what_a_register_gives_while_she_files_is_not_added(monkeypatch: pytest.MonkeyPatch) -> None:
    load_city(at=MORNING)
    owner = user("owner")
    draft = ready_draft(service="sign-filing", at=MORNING, given={"organisation.uscc": "91410100MA0000074E"})
    chosen = [offer.code for offer in prefilling.prefill_offers(draft)]
    assert "business-registry:document" in chosen

    def answers(questions: list[Any], **_given: Any) -> list[SourceAnswer]:
        assert elsewhere(lambda: file_it(draft)) == []
        fields = dict.fromkeys(
            ("name", "legal_representative", "kind", "status", "premises_address", "registered_on", "business_scope"),
            "x",
        )
        return [
            SourceAnswer(source=one.source, outcome=Outcome.FOUND, fields=fields, checked_at=MORNING)
            for one in questions
        ]

    monkeypatch.setattr(prefilling, "ask_sources", answers)
    with pytest.raises(AlreadySubmittedError):
        prefilling.prefill(application_id=draft.pk, chosen=chosen, by=owner, at=MORNING)
    assert_filed_as_reviewed(draft)


def test_files_and_clicks_in_any_order_file_what_was_reviewed() -> None:
    """Three files and a click begin at the same instant, again and again until one click comes through."""
    load_city(at=MORNING)
    owner = user("owner")
    draft = ready_draft(service="sign-filing", at=MORNING)
    kept: list[str] = []

    def hand_in(number: int) -> None:
        content = picture_bytes(size=(40 + number, 30))
        place = place_of(DRAFT, draft.public_id, PLAN, by=owner, at=MORNING)
        made = hand_in_document(
            place=place, file=io.BytesIO(content), length=len(content), original_name=f"{number}.jpg",
            declared_type="image/jpeg", by=owner, at=MORNING,
        )  # fmt: skip
        kept.append(made.public_id)

    for turn in range(ROUNDS):
        files = range(3 * turn, 3 * turn + 3) if turn < ROUNDS - 1 else ()
        gate, raised = threading.Barrier(len(files) + 1, timeout=60), list[Exception]()
        reviewed = review_hash(Application.objects.get(pk=draft.pk))
        click = partial(
            submit_application, application_id=draft.pk, reviewed_hash=reviewed, signed=True, consents=[], by=owner,
            at=MORNING,
        )  # fmt: skip
        threads = [begun(one, raised, gate) for one in (click, *(partial(hand_in, number) for number in files))]
        for thread in threads:
            thread.join(120)
        assert {type(error) for error in raised} <= {ChangedSinceReviewError, PlaceClosedError}
        if Application.objects.get(pk=draft.pk).state != ApplicationState.DRAFT:
            break
    assert_filed_as_reviewed(draft)
    assert set(kept) <= {one.public_id for one in uploads_of("application", draft.pk)}, "who was told yes lost nothing"


def test_what_arrives_while_she_sends_a_supplement_is_not_added() -> None:
    load_city(at=MORNING)
    owner = user("owner")
    draft = ready_draft(service="sign-filing", at=MORNING)
    case = file_it(draft).cases.get()
    missing = [Missing(kind="material", code=PLAN, reason="请重新上传。")]
    asked_at = MORNING + timedelta(minutes=5)
    ask_supplement(task_id=open_task(case, "intake").pk, missing=missing, by=user("clerk"), at=asked_at)
    at = asked_at + timedelta(minutes=5)
    place = place_of(SUPPLEMENT, case.public_id, PLAN, by=owner, at=at)
    content = picture_bytes()
    given: dict[str, Any] = {"length": len(content), "declared_type": "image/jpeg", "by": owner, "at": at}
    hand_in_document(place=place, file=io.BytesIO(content), original_name="neu.jpg", **given)
    shown = supplement_hash(OneTimeNotice.objects.get(), {})

    def send() -> None:
        answer_supplement(case_id=case.pk, answers={}, by=owner, at=at, reviewed_hash=shown)

    with pytest.raises(PlaceClosedError):
        hand_in_document(place=place, file=Between(content, send), original_name="spät.jpg", **given)
    notice = OneTimeNotice.objects.get()
    assert notice.answered_hash == shown
    new = uploads_of("application", draft.pk, material_code=PLAN).filter(uploaded_at__gte=notice.released_at)
    assert [one.original_name for one in new] == ["neu.jpg"]
    assert not Upload.objects.filter(state=UploadState.PENDING).exists()
