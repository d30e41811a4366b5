"""Twenty clicks at the same instant, by two people in as many tabs: one application, one receipt, one run."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from portal.demo.city import load_city
from services.cases.models import Application, Case, Consent, Signature
from services.cases.operations.drafts import AlreadySubmittedError, save_draft
from services.cases.operations.inviting import invite_signer, sign_invited
from services.cases.operations.signing import ChangedSinceReviewError, note_reviewed
from services.cases.operations.submission import review_hash, submit_application
from services.cases.queries.signers import signers_wanted
from services.documents.models import Paper
from services.notifications.models import Notice
from services.parties.queries import person_of
from tests.factories.applications import ready_draft, user
from tests.services.cases.conftest import MORNING
from workflows.models import Run

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 20


def at_once(*clicks: Callable[[], object]) -> list[object]:
    """Do everything at the same instant, each in a thread of its own; return what came of each, also a refusal."""
    gate, came = threading.Barrier(len(clicks), timeout=60), [None] * len(clicks)

    def one(place: int, click: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            gate.wait()
            came[place] = click()
        except Exception as error:
            came[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(place, click)) for place, click in enumerate(clicks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return came


def test_twenty_submissions_at_once_file_once() -> None:
    load_city(at=MORNING)
    owner = user("owner")
    draft = ready_draft(service="sign-filing", by="agent", party=person_of(owner).ref, at=MORNING)
    text_hash = review_hash(draft)

    def click() -> str | None:
        return submit_application(
            application_id=draft.pk, reviewed_hash=text_hash, signed=True, consents=["electronic_service"],
            by=owner, at=MORNING,
        ).number  # fmt: skip

    numbers = at_once(*[click] * THREADS)
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
    what_changes_while_it_is_filed_or_signed()


def what_changes_while_it_is_filed_or_signed() -> None:
    """Whoever comes first wins, and nothing is filed or stands signed but what was reviewed."""
    owner, partner = user("owner"), user("owner2")
    draft = ready_draft(service="sign-filing", at=MORNING)
    seen = note_reviewed(draft, at=MORNING)

    def change() -> object:
        return save_draft(application_id=draft.pk, answers={"sign.text": "另一块招牌"}, by=owner, at=MORNING)

    def file() -> object:
        return submit_application(
            application_id=draft.pk, reviewed_hash=seen, signed=True, consents=[], by=owner, at=MORNING
        )

    changed, filed = at_once(change, file)
    draft.refresh_from_db()
    if draft.state == "submitted":
        assert isinstance(changed, AlreadySubmittedError)
        assert (draft.answers["sign.text"], draft.reviewed_hash) == ("老街坊家常菜", seen)
    else:
        assert isinstance(filed, ChangedSinceReviewError)
        assert draft.answers["sign.text"] == "另一块招牌"

    baby = ready_draft(service="birth-certificate", at=MORNING)
    text = note_reviewed(baby, at=MORNING)
    key = next(slot.key for slot in signers_wanted(baby) if slot.name == "王建国")
    invitation = invite_signer(application_id=baby.pk, slot=key, by=owner, at=MORNING)
    at_once(
        lambda: save_draft(application_id=baby.pk, answers={"child.weight": "3400"}, by=owner, at=MORNING),
        *[lambda: sign_invited(invitation_id=invitation.pk, reviewed_hash=text, by=partner, at=MORNING)] * 3,
    )
    baby.refresh_from_db()
    assert baby.answers["child.weight"] == "3400"
    assert baby.signatures.filter(invitation=invitation).count() <= 1
    assert not baby.signatures.filter(voided_at__isnull=True).exists()
