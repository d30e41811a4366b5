"""Applications filed as people file them: through the operations, with sample answers and documents."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from unittest.mock import patch

from django.contrib.auth import get_user_model
from django.utils import timezone
from PIL import Image

from portal.demo.samples import sample_answers, sample_picture
from portal.demo.signing import sign_for_the_others
from services.cases.enums import Channel
from services.cases.models import Application, Case
from services.cases.operations.drafts import save_draft, start_draft
from services.cases.operations.submission import review_hash, submit_application
from services.cases.queries.forms import documents_wanted, form_of
from services.catalogue.enums import Necessity
from services.catalogue.queries import current_bundle_version, current_version
from services.documents.operations import store_upload
from services.exchange.enums import Outcome
from services.parties.queries import person_of
from services.parties.references import PartyRef
from workflows.models import Task
from workflows.operations.jobs import run_due_jobs

RESTAURANT = {
    "has_licence": False,
    "organisation_kind": "company",
    "small_shop": False,
    "floor_area": 420,
    "storey": "ground",
    "residential_building": False,
    "food_items": ["hot"],
    "fire_route": "check",
    "has_sign": True,
    "sewer": True,
}


@cache
def scan_of(code: str) -> bytes:
    """Return the head of a sample document, with its words: whole pages cost a third of the time of a filing."""
    stream = io.BytesIO()
    with Image.open(io.BytesIO(sample_picture(code))) as page:
        page.crop((60, 56, 380, 116)).save(stream, "PNG")
    return stream.getvalue()


def user(name: str) -> Any:
    """Return a person of the demo city by her sign-in."""
    return get_user_model().objects.get(username=name)


def ready_draft(
    *,
    at: datetime,
    bundle: str = "",
    service: str = "",
    by: str = "owner",
    party: PartyRef | None = None,
    situation: dict[str, Any] | None = None,
    given: dict[str, Any] | None = None,
    files: bool = True,
    deferrable: bool = True,
) -> Application:
    """Fill in an application for a bundle or a service as far as the review. party: for whom, else herself.

    files: whether the sample documents are handed in; deferrable: also those that the guide lets follow later.
    """
    person, situation = user(by), situation or {}
    offer = current_bundle_version(bundle) if bundle else current_version(service)
    draft = start_draft(
        offer=offer, party=party or person_of(person).ref, by=person, at=at, channel=Channel.ONLINE, situation=situation
    )
    answers = sample_answers(form_of(draft), given or {}, situation=situation, today=timezone.localdate(at))
    draft = save_draft(application_id=draft.pk, answers=answers, by=person, at=at)
    for need in documents_wanted(draft) if files else []:
        if need.necessity == Necessity.DEFERRABLE and not deferrable:
            continue
        store_upload(
            file=io.BytesIO(scan_of(need.code)),
            original_name=f"{need.code}.png",
            declared_type="image/png",
            subject_kind="application",
            subject_id=draft.pk,
            material_code=need.code,
            by=person,
            at=at,
        )
    return draft


def filed_application(*, at: datetime, by: str = "owner", online: bool = True, **given: Any) -> Application:
    """File an application for a bundle or a service, signed by everybody who must; `given` as `ready_draft`.

    online: whether she agrees to electronic service.
    """
    draft = ready_draft(at=at, by=by, **given)
    sign_for_the_others(draft, at=at)
    return submit_application(
        application_id=draft.pk,
        reviewed_hash=review_hash(draft),
        signed=True,
        consents=["electronic_service"] if online else [],
        by=user(by),
        at=at,
    )


class _Confirmed:
    """What the register of licences answers when everything agrees."""

    outcome, found, matches, name = Outcome.FOUND, True, True, "郑州老街坊餐饮管理有限公司（演示）"


def filed_restaurant(*, at: datetime, by: str = "owner2") -> Application:
    """File for a restaurant whose owner holds a licence and has the premises: four cases are filed at once.

    They are food-licence, fire-safety-check, sign-filing and drainage-permit, all in their completeness check.
    """
    with patch("services.cases.operations.entities.verify_business_licence", lambda **_: _Confirmed()):
        application = filed_application(
            bundle="open-restaurant",
            situation={**RESTAURANT, "has_licence": True, "premises_ready": True},
            given={"organisation.uscc": "91410100MA0000074E"},
            by=by,
            at=at,
        )
        for second in range(3):
            run_due_jobs(at=at + timedelta(seconds=second))
    application.refresh_from_db()
    return application


def open_task(case: Case, node: str) -> Task:
    """Return the latest task of a case at a step."""
    return Task.objects.filter(subject_kind="case", subject_id=str(case.pk), node=node).latest("round")
