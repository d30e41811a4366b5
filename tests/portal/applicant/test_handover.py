"""A draft goes to the counter with a code, is changed there, comes back and is confirmed; and the other way round."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from services.access.models import AccessLog
from services.cases.enums import Channel
from services.cases.models import Application, HandOver
from services.cases.operations.drafts import start_draft
from services.cases.operations.handovers import MOST_CODES_AN_HOUR, MOST_WRONG_AN_HOUR, WRONG_CODE
from services.cases.operations.submission import find_problems
from services.cases.origins import waiting
from services.notifications.models import Notice
from tests.factories.accounts import UserFactory
from tests.factories.drafts import OpenPage, begun_draft, browser_of, every_kind_service
from tests.factories.parties import MembershipFactory, PersonFactory
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db
COUNTER = "/counter/hand-over/"


def clerk_browser() -> tuple[Client, object]:
    clerk = UserFactory(language="en", name="周敏")
    MembershipFactory(user=clerk, role="clerk", department__code="ZWB")
    return browser_of(clerk), clerk


def page_of(draft: Application) -> str:
    return reverse("applicant:hand_over", args=[draft.public_id])


def made_code(browser: Client, draft: Application) -> str:
    assert browser.post(page_of(draft), {"do": "make"}).status_code == 302
    found = re.search(r"code-big[^>]*>(\d{4} \d{4})<", browser.get(page_of(draft)).content.decode())
    assert found
    return found[1]


def stored(draft: Application) -> Application:
    return Application.objects.get(pk=draft.pk)


def test_to_the_counter_and_back() -> None:
    citizen, draft, address = begun_draft()
    OpenPage(citizen, address).autosave(shop__name="文姐小馆", shop__seats="20")
    code = made_code(citizen, draft)
    handover = HandOver.objects.get()
    digits = code.replace(" ", "")
    assert digits not in handover.code_hash
    assert "<svg" in citizen.get(page_of(draft)).content.decode().partition("handover-qr")[2][:400]
    assert "code-big" not in browser_of(draft.filed_by).get(page_of(draft)).content.decode(), "only where it was made"

    clerk, person = clerk_browser()
    assert clerk.get(address).status_code == 404
    answer = clerk.post(COUNTER, {"code": f" {digits[:4]}-{digits[4:]}"})
    assert answer.status_code == 302
    read = AccessLog.objects.get(reader=person, subject_kind="application", allowed=True)
    assert read.fields == ["shop.name", "shop.seats"]
    assert Notice.objects.filter(kind="draft_at_counter").count() == 1
    assert clerk.post(COUNTER, {"code": digits}).status_code == 422, "it works once"
    assert draft.public_id in clerk.get(COUNTER).content.decode()

    # Meanwhile she reads that it is there; nothing she sends changes it.
    for page in (address, reverse("applicant:documents", args=[draft.public_id])):
        assert citizen.get(page)["Location"] == page_of(draft)
    assert citizen.post(address, {"shop-name": "x"}, headers={"HX-Request": "true"}).status_code == 404
    assert "周敏" in citizen.get(page_of(draft)).content.decode()

    at_counter = OpenPage(clerk, address)
    assert "with her code" in at_counter.words()
    assert at_counter.save(shop__name="文姐小馆（花园路店）", shop__mobile="13800138000").status_code == 302
    assert waiting(stored(draft).origins) == {"shop.name", "shop.mobile"}
    assert "花园路店" in clerk.get(page_of(draft)).content.decode()
    assert clerk.post(page_of(draft), {"do": "hand_back"})["Location"] == COUNTER
    assert clerk.get(address).status_code == 404
    assert Notice.objects.filter(kind="draft_back_from_counter").count() == 1

    shown = citizen.get(page_of(draft)).content.decode()
    for part in ("文姐小馆", "花园路店", "138 0013 8000"):
        assert part in shown
    assert "20" not in re.findall(r"<ins[^>]*>([^<]*)</ins>", shown)
    page = OpenPage(citizen, address)
    assert "Entered at the counter by 周敏" in page.words()
    assert {one.code for one in find_problems(stored(draft), at=database_now())} >= {"shop.name", "shop.mobile"}
    assert citizen.post(page_of(draft), {"do": "confirm"}).status_code == 302
    assert not waiting(stored(draft).origins)
    assert stored(draft).origins["shop.name"]["by"] == "clerk"
    assert not {"shop.name", "shop.mobile"} & {one.code for one in find_problems(stored(draft), at=database_now())}
    assert HandOver.objects.get().confirmed_at


def test_a_code_is_revoked_replaced_and_runs_out_and_the_draft_can_be_taken_back() -> None:
    citizen, draft, address = begun_draft()
    clerk, person = clerk_browser()
    first, second = made_code(citizen, draft), made_code(citizen, draft)
    assert clerk.post(COUNTER, {"code": first}).status_code == 422, "a newer one replaced it"
    citizen.post(page_of(draft), {"do": "take_back"})
    assert clerk.post(COUNTER, {"code": second}).status_code == 422, "revoked"
    third = made_code(citizen, draft)
    HandOver.objects.filter(ended_at__isnull=True).update(expires_at=database_now() - timedelta(seconds=1))
    assert clerk.post(COUNTER, {"code": third}).status_code == 422, "expired"
    assert clerk.post(COUNTER, {"code": made_code(citizen, draft)}).status_code == 302
    OpenPage(clerk, address).autosave(shop__name="窗口")
    assert citizen.post(page_of(draft), {"do": "take_back"}).status_code == 302
    assert clerk.get(address).status_code == 404
    assert clerk.post(page_of(draft), {"do": "hand_back"}).status_code == 404
    assert "窗口" in citizen.get(page_of(draft)).content.decode(), "what was entered there is shown"
    assert OpenPage(citizen, address).fields["shop-name"] == ["窗口"]
    for _ in range(MOST_CODES_AN_HOUR):
        citizen.post(page_of(draft), {"do": "make"})
    assert HandOver.objects.filter(application=draft).count() == MOST_CODES_AN_HOUR
    assert "very many codes" in citizen.get(page_of(draft)).content.decode()
    assert AccessLog.objects.filter(reader=person, purpose=WRONG_CODE).count() == 3


def test_wrong_codes_are_limited_and_nobody_serves_herself() -> None:
    clerk, _person = clerk_browser()
    for number in range(MOST_WRONG_AN_HOUR):
        assert "No application waits" in clerk.post(COUNTER, {"code": f"{number:08}"}).content.decode()
    citizen, draft, _address = begun_draft()
    code = made_code(citizen, draft)
    assert "More than 10 wrong codes" in clerk.post(COUNTER, {"code": code}).content.decode()
    MembershipFactory(user=draft.filed_by, role="clerk", department__code="ZWB")
    assert "your own application" in citizen.post(COUNTER, {"code": code}).content.decode()
    assert HandOver.objects.get().taken_at is None
    for odd in ("", "abc", "1" * 400, "１２３４５６７８", "<b>"):
        assert citizen.post(COUNTER, {"code": odd}).status_code == 422


def test_what_was_begun_at_the_counter_goes_on_on_line() -> None:
    clerk, person = clerk_browser()
    applicant = PersonFactory(user__language="en")
    draft = start_draft(
        offer=every_kind_service(), party=applicant.ref, by=person, at=database_now(), channel=Channel.COUNTER
    )
    address = reverse("applicant:section", args=[draft.public_id, "request"])
    OpenPage(clerk, address).autosave(shop__name="窗口填写")
    code = made_code(clerk, draft)
    stranger = browser_of(PersonFactory(user__language="en").user)
    assert "somebody you do not act for" in stranger.post("/my/hand-over/", {"code": code}).content.decode()
    assert clerk.post(COUNTER, {"code": code}).status_code == 422, "it is meant for the applicant"
    citizen = browser_of(applicant.user)
    assert citizen.get(f"/my/hand-over/?code={code}").status_code == 200
    answer = citizen.post("/my/hand-over/", {"code": code})
    assert answer["Location"] == page_of(draft)
    assert stored(draft).channel == Channel.ONLINE
    assert clerk.get(address).status_code == 404
    assert "窗口填写" in citizen.get(page_of(draft)).content.decode()
    assert OpenPage(citizen, address).save().status_code == 302
    assert not waiting(stored(draft).origins), "leaving the section confirmed it"


def test_a_clerk_who_holds_it_can_make_it_an_application_of_the_window() -> None:
    citizen, draft, address = begun_draft()
    clerk, person = clerk_browser()
    clerk.post(COUNTER, {"code": made_code(citizen, draft)})
    assert clerk.post(page_of(draft), {"do": "file_here"}).status_code == 302
    assert (stored(draft).channel, stored(draft).filed_by_id) == (Channel.COUNTER, person.pk)
    assert OpenPage(clerk, address).save(shop__name="x").status_code == 302
    assert citizen.get(page_of(draft)).status_code == 200
