"""A draft that moved on between a page and the press of its button: to the counter, or filed in another tab."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from portal.applicant import access
from portal.applicant.views import filling, prefilling, situation
from services.cases.enums import ApplicationState, Channel
from services.cases.models import Application
from services.cases.operations.drafts import start_draft
from services.documents.enums import UploadState
from services.documents.models import Upload
from tests.factories.cases import FILED_AT
from tests.factories.catalogue import published_service
from tests.factories.documents import make_upload
from tests.factories.drafts import begun_draft, browser_of
from tests.factories.parties import PersonFactory
from tests.portal.applicant.test_handover import COUNTER, clerk_browser, made_code
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db
FILED = {"state": ApplicationState.SUBMITTED, "number": "A-1", "submitted_at": FILED_AT}


def test_a_file_cannot_be_removed_while_the_draft_is_at_the_counter() -> None:
    person = PersonFactory(user__language="en")
    service = published_service(materials=[{"code": "layout-plan"}])
    draft = start_draft(offer=service, party=person.ref, by=person.user, at=database_now())
    file = make_upload(
        subject_kind="application", subject_id=str(draft.pk), by=person.user, material_code="layout-plan"
    )
    citizen, (clerk, _) = browser_of(person.user), clerk_browser()
    assert clerk.post(COUNTER, {"code": made_code(citizen, draft)}).status_code == 302
    remove = reverse("applicant:take_back", args=["draft", draft.public_id, "layout-plan"])
    assert citizen.post(remove, {"upload": file.public_id}).status_code == 302
    assert Upload.objects.get().state == UploadState.READY
    assert clerk.post(remove, {"upload": file.public_id}).status_code == 302
    assert Upload.objects.get().state == UploadState.REMOVED


def test_what_was_begun_at_the_window_is_not_changed_on_line_before_it_is_taken_over() -> None:
    person, (clerk, serving) = PersonFactory(user__language="en"), clerk_browser()
    begun = {"party": person.ref, "by": serving, "at": database_now(), "channel": Channel.COUNTER}
    draft = start_draft(offer=published_service(materials=[{"code": "layout-plan"}]), **begun)
    citizen = browser_of(person.user)
    place = reverse("applicant:hand_over", args=[draft.public_id])
    for name in ("documents", "prefill"):
        address = reverse(f"applicant:{name}", args=[draft.public_id])
        assert citizen.get(address).headers["Location"] == place
        assert citizen.post(address, {"save": "yes"}).headers["Location"] == place
        assert clerk.get(address).status_code in (200, 302)
    assert citizen.get(place).status_code == 200


@pytest.mark.parametrize("view", [filling, situation, prefilling])
def test_what_was_filed_in_another_tab_meanwhile_leads_to_what_was_filed(
    view: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    citizen, draft, section = begun_draft()

    name = "opened_draft_or_404" if view is filling else "draft_or_404"

    def filed_right_after(*given: Any) -> Any:
        found = getattr(access, name)(*given)
        Application.objects.filter(pk=draft.pk).update(**FILED)
        return found

    names = {situation: "situation", prefilling: "prefill"}
    address = section if view is filling else reverse(f"applicant:{names[view]}", args=[draft.public_id])
    monkeypatch.setattr(view, name, filed_right_after)
    timeline = reverse("applicant:application", args=[draft.public_id])
    answer = citizen.post(address, {"shop-name": "x", "use": "1"})
    assert (answer.status_code, answer["Location"]) == (302, timeline)
    if view is filling:  # the autosave
        Application.objects.filter(pk=draft.pk).update(state=ApplicationState.DRAFT, number=None, submitted_at=None)
        answer = citizen.post(address, {"shop-name": "x"}, headers={"HX-Request": "true"})
        assert (answer.status_code, answer["HX-Redirect"]) == (204, timeline)
