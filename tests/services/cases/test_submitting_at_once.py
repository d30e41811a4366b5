"""Twenty clicks at the same instant, by two people in as many tabs: one application, one receipt, one run."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from portal.demo.city import load_city
from services.cases.models import Application, Case, Consent, Signature
from services.cases.operations.drafts import AlreadySubmittedError
from services.cases.operations.submission import review_hash, submit_application
from services.documents.models import Paper
from services.notifications.models import Notice
from services.parties.queries import person_of
from tests.factories.applications import ready_draft, user
from tests.services.cases.conftest import MORNING
from workflows.models import Run

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 20


def test_twenty_submissions_at_once_file_once() -> None:
    load_city(at=MORNING)
    owner = user("owner")
    draft = ready_draft(service="sign-filing", by="agent", party=person_of(owner).ref, at=MORNING)
    text_hash, gate = review_hash(draft), threading.Barrier(THREADS, timeout=60)
    numbers: list[str | None] = []
    raised: list[Exception] = []

    def click(reviewed: str) -> None:
        try:
            connection.ensure_connection()
            gate.wait()
            made = submit_application(
                application_id=draft.pk, reviewed_hash=reviewed, signed=True, consents=["electronic_service"],
                by=owner, at=MORNING,
            )  # fmt: skip
            numbers.append(made.number)
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(text_hash,)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert raised == []
    application = Application.objects.get()
    assert numbers == [application.number] * THREADS
    assert Run.objects.count() == Case.objects.count() == 1
    assert Paper.objects.filter(kind="receipt").count() == 1
    assert Signature.objects.count() == Consent.objects.count() == 1
    assert Notice.objects.filter(kind="application_received", recipient=owner, channel="inbox").count() == 1
    # Back, and once more with something else on the page: what was filed stays what was filed.
    with pytest.raises(AlreadySubmittedError):
        submit_application(
            application_id=draft.pk, reviewed_hash="0" * 64, signed=True, consents=[], by=owner, at=MORNING
        )
    assert Application.objects.get().number == application.number
