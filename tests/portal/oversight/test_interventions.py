"""Managers hold and release applications and give tasks to colleagues; everybody sees why nothing moves."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from portal.oversight.wording import EVENTS
from services.cases.enums import CaseState
from services.cases.models import Case, Hold
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.steps import complete_step
from services.parties.models import Membership
from tests.factories.applications import filed_application, open_task, user
from tests.factories.city import load_city
from workflows.enums import RunState
from workflows.models import Run
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db

REASON = "等待上级机关答复。"


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


def filed(at) -> Case:
    return filed_application(service="sign-filing", at=at).cases.get()


def accepted(at) -> Case:
    case = filed(at)
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=at)
    case.refresh_from_db()
    return case


def test_holding_is_explained_reasoned_and_done_once(city):
    case = accepted(city)
    manager, address = as_("manager"), reverse("oversight:hold", args=[case.public_id])
    overview = reverse("oversight:case", args=[case.public_id])
    assert address in words(manager.get(overview))
    assert "A hold excuses no delay" in words(manager.get(address))
    refused = manager.post(address, {"reason": " "})
    assert refused.status_code == 422
    assert "Say why the application is held" in words(refused)
    assert not Hold.objects.exists()
    for _ in range(2):
        assert manager.post(address, {"reason": REASON}).url == overview
    assert Hold.objects.count() == 1
    page = words(manager.get(overview))
    assert "On hold since" in page
    assert REASON in page
    release = reverse("oversight:release", args=[case.public_id])
    assert release in page
    assert manager.get(release).status_code == 200
    for _ in range(2):
        assert manager.post(release).url == overview
    assert "On hold since" not in words(manager.get(overview))
    assert Run.objects.get(pk=case.run.root_key).state == RunState.ACTIVE


@pytest.mark.parametrize(("language", "since"), [("en", "On hold since"), ("zh-hans", "起暂缓办理")])
def test_everybody_sees_that_it_is_held_and_acting_says_so(city, language, since):
    case, waiting = accepted(city), filed(city)
    ask_supplement(
        task_id=open_task(waiting, "intake").pk,
        missing=[Missing(kind="element", code="sign.text", reason="请与执照一致。")],
        by=user("clerk"),
        at=city,
    )
    task = open_task(case, "handle")
    manager = as_("manager")
    for one in (case, waiting):
        manager.post(reverse("oversight:hold", args=[one.public_id]), {"reason": REASON})
    handler, clerk, owner = as_("city-handler", language), as_("clerk", language), as_("owner", language)
    desk = reverse("desk:task", args=[task.pk])
    application = reverse("applicant:application", args=[case.application.public_id])
    supplement = reverse("applicant:supplement", args=[waiting.public_id])
    for client, address in (
        (handler, desk),
        (handler, reverse("desk:case", args=[case.public_id])),
        (clerk, reverse("counter:application", args=[case.application.public_id])),
        (owner, application),
        (owner, supplement),
    ):
        page = words(client.get(address))
        assert since in page, address
        assert REASON in page, address
    refused = handler.post(desk, {"outcome": "recommend_grant", "reasons": "材料齐全。"})
    assert refused.status_code == 422
    assert "材料齐全。" in words(refused)
    said = {"en": "This application is on hold", "zh-hans": "该申请已暂缓办理"}[language]
    assert said in words(refused)
    assert said in words(handler.post(reverse("desk:claim", args=[task.pk]), follow=True))
    field = next(iter(owner.get(supplement).context["form"]))
    changes = owner.post(supplement, {"hand_in": "yes", field.html_name: "新招牌"}, follow=True)
    late = owner.post(changes.request["PATH_INFO"], {"reviewed": changes.context["hash"]})
    assert late.status_code == 200
    assert said in words(late)
    assert "新招牌" in words(late)
    waiting.refresh_from_db()
    assert waiting.state == CaseState.SUPPLEMENT


def test_a_task_is_given_to_a_colleague_of_the_post(city):
    case = accepted(city)
    Membership.objects.create(
        user=user("fire-handler"), department=case.department, role="handler", since=city - timedelta(days=1)
    )
    manager, task = as_("manager"), open_task(case, "handle")
    address = reverse("oversight:give_task", args=[case.public_id, task.pk])
    assert address in words(manager.get(reverse("oversight:case", args=[case.public_id])))
    page = manager.get(address)
    offered = {name for _key, name in page.context["form"].fields["colleague"].choices}
    assert offered == {user("city-handler").get_full_name(), user("fire-handler").get_full_name()}
    assert manager.post(address, {}).status_code == 422
    assert manager.post(address, {"colleague": user("city-checker").pk}).status_code == 422
    for _ in range(2):
        assert manager.post(address, {"colleague": user("fire-handler").pk}).status_code == 302
    task.refresh_from_db()
    assert task.assignee == user("fire-handler")
    history = words(manager.get(reverse("oversight:case", args=[case.public_id])))
    assert "Step given to a colleague" in history
    assert user("fire-handler").get_full_name() in history
    assert "given to a colleague by a manager" in words(
        as_("city-handler").get(reverse("desk:case", args=[case.public_id]))
    )
    complete_step(task_id=task.pk, outcome="recommend_grant", by=user("fire-handler"), at=database_now())
    assert "there is nothing to give" in words(manager.get(address, follow=True))


@pytest.mark.parametrize("name", ["auditor", "city-head", "clerk", "owner", "admin"])
def test_nobody_else_steps_in(city, name):
    case = accepted(city)
    task, client = open_task(case, "handle"), as_(name)
    for place, arguments in (("hold", ()), ("release", ()), ("give_task", (task.pk,))):
        address = reverse(f"oversight:{place}", args=[case.public_id, *arguments])
        assert client.get(address).status_code == 403
        assert client.post(address, {"reason": REASON, "colleague": user("city-handler").pk}).status_code == 403
    assert not Hold.objects.exists()
    if name == "auditor":
        assert "Step in" not in words(client.get(reverse("oversight:case", args=[case.public_id])))


def _kinds_the_workflow_writes() -> set[str]:
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in Path(settings.ROOT, "workflows", "operations").glob("*.py")
    )
    plain = set(re.findall(r"""(?:note|_hand|_set_state)\([^()]*?"([a-z]+_[a-z_]+|joined|listening)",?""", sources))
    return plain | set(re.findall(r'"((?:task|run|clock|job)_[a-z]+)"', sources)) - NOT_FACTS


#: Names in the same modules that are no kinds of facts.
NOT_FACTS = {"run_id", "task_id", "job_id", "clock_id", "clock_kind", "job_due", "clock_due"}


def test_every_fact_of_the_history_has_words_in_both_languages():
    written = _kinds_the_workflow_writes()
    assert {"task_reassigned", "task_returned", "run_suspended", "job_skipped", "clock_started"} <= written
    assert written - set(EVENTS) == set()
    for kind, text in EVENTS.items():
        with override("zh-hans"):
            chinese = str(text)
        with override("en"):
            assert chinese != str(text), kind
