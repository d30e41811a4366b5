"""The Big List of Naughty Strings in reasons, ratings and answers to notices: kept and shown exactly, or refused."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from services.cases.models import Withdrawal
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.withdrawals import LONGEST_REASON
from services.ratings.models import Rating
from tests import naughty
from tests.factories.applications import filed_application, open_task, user
from tests.factories.ratings import make_rating
from tests.services.cases.conftest import _loaded, city  # noqa: F401 - fixtures
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.usefixtures("city")


def owner() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user("owner"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def send(client: Client, page: str, data: dict[str, str]):
    body = urlencode({name: text.encode("utf-8", "surrogatepass") for name, text in data.items()})
    return client.post(page, body, content_type="application/x-www-form-urlencoded")


def test_the_reason_of_a_withdrawal() -> None:
    at = database_now() - timedelta(hours=1)
    case = filed_application(service="sign-filing", at=at).cases.get()
    client, page = owner(), reverse("applicant:withdraw", args=[case.application.public_id])
    sendable = [text for text in naughty.UNSTORABLE if text.encode("utf-8", "ignore").decode() == text]
    refused = [*sendable, "x" * (LONGEST_REASON + 1)]  # half a character is no UTF-8: it never arrives as such
    for text in refused:
        answer = send(client, page, {"reason": text})
        assert answer.status_code in (400, 422), repr(text)
    kept = "\n".join(text for text in naughty.strings(60) if naughty.is_storable(text))[:LONGEST_REASON].strip()
    assert send(client, page, {"reason": kept}).status_code == 302
    assert Withdrawal.objects.get().why == kept
    shown = client.get(reverse("applicant:application", args=[case.application.public_id])).content.decode()
    assert escape(kept.splitlines()[0]) in shown


def test_the_words_of_a_rating() -> None:
    at = database_now()
    case = filed_application(service="sign-filing", at=at - timedelta(hours=1)).cases.get()
    rating = make_rating(case, at=at, by=user("owner"), closed=True)
    client, page = owner(), reverse("applicant:rate", args=[case.public_id])
    for text in naughty.strings(1_000)[::7]:
        Rating.objects.all().delete()
        answer = send(client, page, {"level": "satisfied", "text": text})
        if answer.status_code == 302 and Rating.objects.exists():
            assert Rating.objects.get().words == text.strip().replace("\r\n", "\n") or not naughty.is_storable(text)
            assert client.get(page).status_code == 200
        else:
            assert answer.status_code in (302, 400, 422), repr(text)
    assert rating.pk


def test_an_answer_to_a_notice() -> None:
    at = database_now() - timedelta(hours=1)
    case = filed_application(service="sign-filing", at=at).cases.get()
    missing = [Missing(kind="element", code="sign.text", reason="请与执照一致。")]
    ask_supplement(task_id=open_task(case, "intake").pk, missing=missing, by=user("clerk"), at=at)
    client, page = owner(), reverse("applicant:supplement", args=[case.public_id])
    name = next(iter(client.get(page).context["form"])).html_name
    review = reverse("applicant:supplement_review", args=[case.public_id])
    for text in naughty.strings(50)[::5]:
        answer = send(client, page, {"asked": name, name: text, "hand_in": "yes"})
        assert answer.status_code in (302, 400, 422), repr(text)
        if answer.status_code == 302:
            shown = client.get(review)
            assert shown.status_code in (200, 302)
            if shown.status_code == 200 and naughty.is_storable(text) and text.strip():
                assert escape(text.strip()) in shown.content.decode(), repr(text)
