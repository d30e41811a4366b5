"""Orders, cards and rules on the managers' pages and the heads' pages, in both languages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from services.cases.models import Case
from services.cases.operations.steps import complete_step
from services.supervision.models import Card, Escalation, SupervisionOrder
from tests.factories.applications import filed_application, open_task, user
from tests.factories.city import load_city
from tests.factories.supervision import make_card
from workflows.models import Clock, Task
from workflows.queries.calendars import database_now
from workflows.queries.thresholds import current_rules

pytestmark = pytest.mark.django_db


@pytest.fixture
def city(db: None):
    at = database_now() - timedelta(hours=3)
    load_city(at=at - timedelta(days=30))
    return at


def as_(name: str, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    person = user(name)
    person.language = language
    person.save()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def words(page) -> str:
    return page.content.decode()


def accepted(at) -> Case:
    case = filed_application(service="sign-filing", at=at).cases.get()
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=at)
    case.refresh_from_db()
    return case


def test_an_order_from_the_cases_page_to_its_end(city) -> None:
    case = accepted(city)
    manager, head = as_("manager"), as_("city-head", "zh-hans")
    issue = reverse("oversight:issue_order", args=[case.public_id])
    assert issue in words(manager.get(reverse("oversight:case", args=[case.public_id])))
    refused = manager.post(issue, {"content_zh": "", "content_en": "", "reply_days": "99"})
    assert refused.status_code == 422
    assert "in one language at least" in words(refused)
    assert 'value="99"' in words(refused)
    for _ in range(2):
        assert manager.post(issue, {"content_zh": "请说明进度。", "reply_days": "3"}).status_code == 302
    order = SupervisionOrder.objects.get()
    assert order.number in words(manager.get(reverse("oversight:orders")))
    mine = reverse("desk:order", args=[order.number])
    assert mine in words(head.get(reverse("desk:supervision")))
    assert "请说明进度。" in words(head.get(mine))
    empty = head.post(mine, {"text": ""})
    assert empty.status_code == 422
    assert "请填写反馈" in words(empty)
    assert head.post(mine, {"text": "明日办结。"}).url == mine
    page = reverse("oversight:order", args=[order.number])
    assert "明日办结。" in words(manager.get(page))
    again = manager.post(page, {"round": 1, "verdict": "sent_back", "remark": ""})
    assert again.status_code == 422
    assert "Say what is missing" in words(again)
    assert manager.post(page, {"round": 1, "verdict": "sent_back", "remark": "原因呢？"}).url == page
    assert "原因呢？" in words(head.get(mine))
    head.post(mine, {"text": "人手不足。"})
    assert manager.post(page, {"round": 2, "verdict": "accepted", "remark": ""}).url == page
    order.refresh_from_db()
    assert order.state == "closed"
    late = head.post(mine, {"text": "再补充。"})
    assert late.status_code == 422
    assert "再补充。" in words(late)
    assert order.number in words(manager.get(reverse("oversight:case", args=[case.public_id])))
    assert order.number in words(as_("city-handler").get(reverse("desk:case", args=[case.public_id])))


def test_withdrawing_needs_a_reason(city) -> None:
    case = accepted(city)
    manager = as_("manager")
    manager.post(reverse("oversight:issue_order", args=[case.public_id]), {"content_en": "Explain.", "reply_days": "2"})
    order = SupervisionOrder.objects.get()
    page = reverse("oversight:withdraw_order", args=[order.number])
    assert manager.post(page, {"reason": ""}).status_code == 422
    assert manager.post(page, {"reason": "误发。"}).status_code == 302
    order.refresh_from_db()
    assert order.outcome == "withdrawn"
    assert "误发。" in words(manager.get(reverse("oversight:order", args=[order.number])))


def test_a_card_is_appealed_against_and_revoked(city) -> None:
    card = make_card(accepted(city))
    head, manager = as_("city-head"), as_("manager", "zh-hans")
    mine = reverse("desk:card", args=[card.pk])
    assert mine in words(head.get(reverse("desk:supervision")))
    assert head.post(mine, {"reason": " "}).status_code == 422
    assert head.post(mine, {"reason": "系统故障。"}).url == mine
    assert "系统故障。" in words(manager.get(reverse("oversight:card", args=[card.pk])))
    assert card.case.number in words(manager.get(reverse("oversight:cards") + "?state=appealed&level=red"))
    revoke = reverse("oversight:revoke_card", args=[card.pk])
    assert manager.post(revoke, {"reason": ""}).status_code == 422
    assert manager.post(revoke, {"reason": "属实。"}).url == reverse("oversight:card", args=[card.pk])
    assert "属实。" in words(head.get(mine))
    assert card.case.number not in words(manager.get(reverse("oversight:cards") + "?state=stands"))
    assert card.case.number in words(manager.get(reverse("oversight:cards") + "?state=revoked"))


def test_another_departments_head_sees_nothing_of_it(city) -> None:
    case = accepted(city)
    card = make_card(case)
    stranger = as_("fire-head")
    assert stranger.get(reverse("desk:card", args=[card.pk])).status_code == 404
    assert case.number not in words(stranger.get(reverse("desk:supervision")))
    assert as_("city-handler").get(reverse("desk:supervision")).status_code == 404


def test_an_escalated_case_says_so(city) -> None:
    case = accepted(city)
    clock = Clock.objects.get(subject_kind="case", subject_id=str(case.pk), kind="promised")
    Escalation.objects.create(
        root=clock.root, clock=clock, case=case, threshold="red", department=clock.department, escalated_at=city
    )
    task = Task.objects.get(subject_kind="case", subject_id=str(case.pk), state="ready")
    head = as_("city-head")
    assert case.number in words(head.get(reverse("desk:supervision")))
    assert "Laid before the head" in words(head.get(reverse("desk:case", args=[case.public_id])))
    assert "Laid before the head" in words(as_("city-handler").get(reverse("desk:task", args=[task.pk])))


RULE = {
    "code": "second_warning",
    "kinds": ["promised"],
    "point": "before",
    "working_days": "2",
    "percent": "",
    "light": "",
    "to": ["holder", "head"],
    "message": "deadline_warning",
    "by_email": "on",
    "reply_days": "3",
    "note": "提前两天再提醒。",
}


def test_rules_are_read_previewed_and_published(city) -> None:
    accepted(city)
    manager = as_("manager")
    page = words(manager.get(reverse("oversight:rules")))
    assert "when the limit passes" in page
    assert "a supervision order is issued" in page
    assert "发出督办" in words(as_("manager", "zh-hans").get(reverse("oversight:rules")))
    manager = as_("manager")
    number = current_rules().number
    new = reverse("oversight:new_rule")
    preview = words(manager.post(new, {**RULE, "based_on": number, "preview": "1"}))
    assert "2 working days before the limit passes" in preview
    assert "到期前" in preview
    assert "It touches 1 running limit." in preview
    assert current_rules().number == number
    assert manager.post(new, {**RULE, "based_on": number, "publish": "1"}).url == reverse("oversight:rules")
    rule = current_rules().by_code["second_warning"]
    assert rule.as_rule()["when"] == {"before": {"working_days": 2}}
    assert [one.do for one in rule.consequences] == ["notify"]
    assert "提前两天再提醒。" in words(manager.get(reverse("oversight:rules")))
    assert manager.get(reverse("oversight:rules_version", args=[number])).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"working_days": ""}, "Say how many working days."),
        ({"working_days": "-1"}, "greater than or equal"),
        ({"kinds": []}, "Choose at least one kind of limit."),
        ({"message": ""}, "Choose what to tell them."),
        ({"to": []}, "Choose whom to tell."),
        ({"note": ""}, "Say why the rules are changed."),
        ({"code": "Red!"}, "Small letters"),
        ({"code": "red"}, "There is a rule with this short name already."),
        ({"light": "red"}, "red and black come on at the due instant"),
        ({"order": "on", "reply_days": ""}, "Say how many working days the department has"),
    ],
)
def test_bad_rules_keep_what_was_typed(city, wrong, sentence) -> None:
    manager, number = as_("manager"), current_rules().number
    page = manager.post(reverse("oversight:new_rule"), {**RULE, **wrong, "based_on": number, "publish": "1"})
    assert page.status_code == 422
    assert sentence in words(page)
    assert RULE["note"] in words(page) or "note" in wrong
    assert current_rules().number == number


def test_a_rule_changed_by_somebody_else_meanwhile_is_not_overwritten(city) -> None:
    manager, number = as_("manager"), current_rules().number
    manager.post(reverse("oversight:new_rule"), {**RULE, "based_on": number, "publish": "1"})
    change = reverse("oversight:change_rule", args=["second_warning"])
    stale = {**RULE, "working_days": "4", "based_on": number, "publish": "1"}
    refused = manager.post(change, stale)
    assert refused.status_code == 422
    assert "Somebody published new rules meanwhile" in words(refused)
    assert f'name="based_on" value="{number + 1}"' in words(refused)
    assert manager.post(change, {**stale, "based_on": number + 1}).status_code == 302
    assert current_rules().by_code["second_warning"].when.working_days == 4


def test_changing_keeps_what_the_form_cannot_show(city) -> None:
    manager, number = as_("manager"), current_rules().number
    shown = manager.get(reverse("oversight:change_rule", args=["black"])).context["form"].initial
    given = {key: value for key, value in shown.items() if value not in (None, False, "")}
    before = current_rules().by_code["black"]
    answer = manager.post(
        reverse("oversight:change_rule", args=["black"]),
        {**given, "note": "不变。", "based_on": number, "publish": "1"},
    )
    assert answer.status_code == 302
    assert current_rules().number == number, "the same again is no new version"
    assert current_rules().by_code["black"] == before


def test_removing_a_rule_and_the_laws_own(city) -> None:
    manager = as_("manager")
    page = reverse("oversight:remove_rule", args=["red_manager"])
    assert manager.post(page, {"reason": ""}).status_code == 422
    assert manager.post(page, {"reason": "不再需要。"}).status_code == 302
    assert "red_manager" not in current_rules().by_code
    for rule in current_rules().thresholds:
        status = manager.get(reverse("oversight:change_rule", args=[rule.code])).status_code
        assert status == (404 if rule.law else 200)


def test_an_auditor_reads_and_changes_nothing(city) -> None:
    card = make_card(accepted(city))
    auditor = as_("auditor")
    for name in ("oversight:orders", "oversight:cards", "oversight:rules"):
        assert auditor.get(reverse(name)).status_code == 200
    page = words(auditor.get(reverse("oversight:card", args=[card.pk])))
    assert reverse("oversight:revoke_card", args=[card.pk]) not in page
    assert reverse("oversight:new_rule") not in words(auditor.get(reverse("oversight:rules")))
    assert Card.objects.get().revoked_at is None
