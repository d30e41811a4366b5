"""The reviewers' pages: inbox, opinions, decisions, four eyes, pauses, extensions, what stays closed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from services.access.models import AccessLog
from services.cases.enums import CaseState
from services.cases.models import Application, Case
from services.cases.operations.steps import OutsideResult, complete_step, declare_premises_ready
from services.documents.models import Paper
from services.documents.queries import uploads_of
from services.parties.enums import Role
from services.parties.models import Department, Membership
from tests.factories.applications import RESTAURANT, filed_application, open_task, user
from tests.factories.city import load_city
from workflows.models import Clock, Task
from workflows.operations.jobs import run_due_jobs
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def city(db: None):
    at = database_now() - timedelta(hours=3)
    load_city(at=at - timedelta(days=30))
    return at


def desk(name: str, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    person = user(name)
    person.language = language
    person.save()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def words(page) -> str:
    return page.content.decode()


def accept(case: Case, at) -> None:
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=at)


def address_of(case: Case, node: str) -> str:
    return reverse("desk:task", args=[open_task(case, node).pk])


def licence_accepted(at) -> Case:
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=at)
    case = application.cases.get(part="business-licence")
    accept(case, at)
    return case


def branches_accepted(case: Case, at) -> Application:
    """Let the registration be granted and the parallel branches be accepted."""
    steps = (("handle", "recommend_grant", "food-handler"), ("check", "agree", "food-checker"))
    for node, outcome, name in steps:
        complete_step(task_id=open_task(case, node).pk, outcome=outcome, by=user(name), at=at)
    outside = OutsideResult(number="91410105MA0000101U", decided_on=timezone.localdate(at))
    task = open_task(case, "approve")
    complete_step(task_id=task.pk, outcome="grant", outside=outside, by=user("food-approver"), at=at)
    for _ in range(4):
        run_due_jobs(at=at)
    declare_premises_ready(task_id=Task.objects.get(node="premises_ready").pk, by=user("owner"), at=at)
    for branch in case.application.cases.filter(state=CaseState.FILED):
        accept(branch, at)
    return case.application


def test_from_the_opinion_to_the_decision(city):
    """Refusing needs reasons, a return goes back, a grant of the registration needs the register's code."""
    case = licence_accepted(city)
    handler, checker, approver = desk("food-handler"), desk("food-checker"), desk("food-approver")
    address = address_of(case, "handle")
    page = handler.get(address)
    assert page.status_code == 200
    assert AccessLog.objects.filter(reader=user("food-handler"), case_ref=case.number).exists()
    refused = handler.post(address, {"outcome": "recommend_refuse", "reasons": ""})
    assert refused.status_code == 422
    assert "Give the reasons" in words(refused)
    assert handler.post(address, {"outcome": "grant"}).status_code == 422
    assert handler.post(address, {"outcome": "recommend_grant", "reasons": "材料齐全。"}).url == reverse("desk:inbox")

    address = address_of(case, "check")
    assert "材料齐全。" in words(checker.get(address))
    assert checker.post(address, {"outcome": "return"}).status_code == 422
    assert checker.post(address, {"outcome": "return", "reasons": "请补充核查记录。"}).status_code == 302
    handler.post(address_of(case, "handle"), {"outcome": "recommend_grant"})
    checker.post(address_of(case, "check"), {"outcome": "agree"})

    address = address_of(case, "approve")
    today = timezone.localdate().isoformat()
    assert approver.post(address, {"outcome": "grant"}).status_code == 422
    wrong = approver.post(address, {"outcome": "grant", "outside_number": "91410105MA000010XX", "outside_day": today})
    assert wrong.status_code == 422
    assert "91410105MA000010XX" in words(wrong)
    right = {"outcome": "grant", "outside_number": "91410105MA0000101U", "outside_day": today}
    assert approver.post(address, right).status_code == 302
    case.refresh_from_db()
    assert case.state == CaseState.GRANTED
    assert case.outside_number == "91410105MA0000101U"
    finished = approver.get(address)
    assert finished.url == reverse("desk:case", args=[case.public_id])
    assert approver.get(finished.url).status_code == 200


def test_four_eyes_are_a_clear_sentence(city):
    """Somebody who holds two posts of a department does only one of the steps on one case."""
    case = licence_accepted(city)
    Membership.objects.create(
        user=user("food-handler"),
        department=Department.objects.get(code="SCJG"),
        role=Role.CHECKER,
        since=city - timedelta(days=3),
    )
    person = desk("food-handler")
    person.post(address_of(case, "handle"), {"outcome": "recommend_grant"})
    address = address_of(case, "check")
    assert "take three different people" in words(person.get(address))
    refused = person.post(address, {"outcome": "agree", "reasons": "同意。"})
    assert refused.status_code == 422
    assert "take three different people" in words(refused)
    assert "同意。" in words(refused)
    assert open_task(case, "check").closed_at is None


def test_branches_refusal_and_what_other_departments_asked(city):
    """Each department sees its own fields and files only, decides alone, and a refusal carries its reasons."""
    application = branches_accepted(licence_accepted(city), city)
    fire = application.cases.get(service__item__code="fire-safety-check")
    food = application.cases.get(service__item__code="food-licence")
    handler = desk("fire-handler")
    page = handler.get(address_of(fire, "handle"))
    assert {one.case.pk for one in page.context["other_lanes"]} >= {food.pk}
    asked = {answer.element.code for one in page.context["sections"] for answer in one.answers}
    assert any(code.startswith("fire.") for code in asked)
    assert not any(code.startswith(("food.", "drainage.", "sign.")) for code in asked)
    assert handler.get(reverse("desk:case", args=[food.public_id])).status_code == 404
    own = {upload.public_id for one in page.context["documents"] for upload in one.uploads}
    others = uploads_of("application", application.pk).exclude(public_id__in=own)
    assert own
    assert others.exists()
    for public_id, status in ((own.pop(), 200), (others[0].public_id, 404)):
        assert handler.get(reverse("desk:upload", args=[fire.public_id, public_id])).status_code == status

    handler.post(address_of(fire, "handle"), {"outcome": "recommend_refuse", "reasons": "疏散通道宽度不足。"})
    desk("fire-checker").post(address_of(fire, "check"), {"outcome": "agree"})
    approver = desk("fire-approver")
    assert approver.post(address_of(fire, "approve"), {"outcome": "refuse"}).status_code == 422
    approver.post(address_of(fire, "approve"), {"outcome": "refuse", "reasons": "疏散通道宽度不足1.4米。"})
    fire.refresh_from_db()
    food.refresh_from_db()
    assert (fire.state, food.state) == (CaseState.REFUSED, CaseState.ACCEPTED)
    for _ in range(3):
        run_due_jobs(at=database_now())
    refusal = Paper.objects.get(kind="decision_refuse")
    assert refusal.facts["reasons"] == ["疏散通道宽度不足1.4米。"]
    page = approver.get(reverse("desk:paper", args=[fire.public_id, refusal.public_id]))
    assert page.status_code == 200, Paper.objects.get(pk=refusal.pk).render_error
    assert approver.get(reverse("desk:paper", args=[fire.public_id, "nothing-like-it"])).status_code == 404


def test_limits_pause_run_again_and_are_lengthened(city):
    application = branches_accepted(licence_accepted(city), city)
    fire = application.cases.get(service__item__code="fire-safety-check")
    page = reverse("desk:case", args=[fire.public_id])
    handler, head = desk("fire-handler"), desk("fire-head")
    today = timezone.localdate()
    pause = reverse("desk:pause", args=[fire.public_id])
    bad = handler.post(pause, {"pause-reason": "holiday", "pause-from_on": today, "pause-planned_days": 3})
    assert bad.status_code == 422
    ahead = {"pause-reason": "testing", "pause-from_on": today + timedelta(days=9), "pause-planned_days": 3}
    refused = handler.post(pause, ahead)
    assert refused.status_code == 422
    assert "cannot begin in the future" in words(refused)
    given = {**ahead, "pause-from_on": today}
    assert handler.post(pause, given).status_code == 302
    promised = Clock.objects.get(subject_id=str(fire.pk), kind="promised")
    assert promised.pauses.filter(to_on=None).exists()
    assert handler.get(page).context["may_resume"]
    assert handler.get(page).context["extend_form"] is None
    assert handler.post(reverse("desk:resume", args=[fire.public_id])).status_code == 302
    assert not promised.pauses.filter(to_on=None).exists()

    food = application.cases.get(service__item__code="food-licence")
    extend = reverse("desk:extend", args=[food.public_id])
    assert head.post(extend, {"extend-amount": 1, "extend-reason": "x"}).status_code == 404
    given = {"extend-amount": 1, "extend-reason": "案情复杂。"}
    assert desk("food-handler").post(extend, given).status_code == 422
    boss = desk("food-head")
    assert boss.get(reverse("desk:case", args=[food.public_id])).context["extend_form"] is not None
    assert boss.post(extend, {**given, "extend-amount": 999}).status_code == 422
    assert boss.post(extend, given).status_code == 302
    assert Paper.objects.filter(kind="extension_notice").exists()
    assert boss.get(reverse("desk:cases")).status_code == 200


def test_the_inbox_costs_the_same_for_one_row_and_for_thirty(city):
    handler, address = desk("food-handler"), reverse("desk:inbox")
    assert "Nothing waits for your posts" in words(handler.get(address))

    def filed() -> Case:
        application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=city)
        case = application.cases.get(part="business-licence")
        accept(case, city)
        return case

    def queries(place: str) -> int:
        handler.get(place)  # the session notes once a minute when it was last used
        with CaptureQueriesContext(connection) as captured:
            assert handler.get(place).status_code == 200
        return len(captured)

    first, places = filed(), (address, reverse("desk:cases"))
    before = [queries(place) for place in places] and [queries(place) for place in places]
    for _ in range(29):
        filed()
    assert [queries(place) for place in places] == before
    page = handler.get(address)
    assert len(page.context["works"]) == 30
    due = [row.task.due_at for row in page.context["works"]]
    assert due == sorted(due)
    task = open_task(first, "handle")
    handler.post(reverse("desk:claim", args=[task.pk]))
    assert [row.task.pk for row in handler.get(f"{address}?show=mine").context["works"]] == [task.pk]
    assert [row.task.pk for row in handler.get(address, {"q": first.number}).context["works"]] == [task.pk]
    handler.post(reverse("desk:release", args=[task.pk]))
    assert Task.objects.get(pk=task.pk).assignee is None
    assert len(handler.get(f"{address}?step=check").context["works"]) == 0


def test_what_is_not_hers_does_not_exist(city):
    case = licence_accepted(city)
    places = [address_of(case, "handle"), reverse("desk:case", args=[case.public_id])]
    for name in ("owner", "fire-handler", "designer"):
        client = desk(name)
        assert [client.get(place).status_code for place in places] == [404, 404]
    assert desk("food-approver").get(places[0]).status_code == 404
    assert desk("food-approver").get(places[1]).status_code == 200
    assert [desk("owner").get(reverse(name)).status_code for name in ("desk:inbox", "desk:cases")] == [404, 404]
    for name in ("pause", "resume", "extend"):
        assert desk("fire-head").post(reverse(f"desk:{name}", args=[case.public_id])).status_code == 404
    number = case.application.answers.get("person.id_number")
    assert number
    assert number in words(desk("food-handler").get(places[0]))
    assert number not in words(desk("food-handler").get(places[1]))


def test_the_next_task_is_taken_once_and_opened(city):
    first = licence_accepted(city)
    handler, inbox = desk("food-handler"), reverse("desk:inbox")
    page = words(handler.get(inbox))
    assert "Take the next task" in page
    since = database_now().isoformat()
    task = open_task(first, "handle")
    for _ in range(2):  # pressed twice: the same task
        assert handler.post(reverse("desk:next"), {"since": since}).url == reverse("desk:task", args=[task.pk])
    assert Task.objects.get(pk=task.pk).assignee == user("food-handler")
    nothing = handler.post(reverse("desk:next"), {"since": database_now().isoformat()}, follow=True)
    assert "No free task waits for your posts" in words(nothing)
    for since in ("", "yesterday", "2026-02-30T10:00:00+08:00", "2026-02-03T10:00:00"):
        assert handler.post(reverse("desk:next"), {"since": since}).url == inbox
    assert desk("owner").post(reverse("desk:next")).status_code == 404


@pytest.mark.parametrize(("language", "button"), [("en", "Send back to “First review”"), ("zh-hans", "退回“初审”")])
def test_a_case_is_sent_back_to_an_earlier_step(city, language, button):
    case = filed_application(service="subsistence-allowance", at=city).cases.get()
    accept(case, city)
    complete_step(task_id=open_task(case, "first_review").pk, outcome="forward", by=user("street-handler"), at=city)
    handler, address = desk("civil-handler", language), address_of(case, "handle")
    outcome = {"outcome": "send_back:first_review"}
    page = words(handler.get(address))
    assert re.search(r'value="send_back:first_review"', page)
    assert button.split("“")[0] in page
    refused = handler.post(address, outcome)
    assert refused.status_code == 422
    assert handler.post(address, {"outcome": "send_back:intake", "reasons": "x"}).status_code == 422
    assert handler.post(address, {**outcome, "reasons": "入户调查缺签字。"}).url == reverse("desk:inbox")
    assert handler.post(address, {**outcome, "reasons": "入户调查缺签字。"}).status_code == 302
    assert open_task(case, "first_review").round == 2
    shown = words(desk("street-handler", language).get(address_of(case, "first_review")))
    assert "入户调查缺签字。" in shown
    assert {"en": "sent back to an earlier step", "zh-hans": "退回前一环节"}[language] in shown
    assert desk("civil-checker").post(address, {**outcome, "reasons": "x"}).status_code == 404
