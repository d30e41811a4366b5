"""The window clerk's pages: check, accept, notice, not our competence, on the spot, walk-in, hand-out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from services.access.models import AccessLog
from services.cases.enums import CaseState, Channel, MaterialFinding
from services.cases.models import Application, Case
from services.cases.operations.answering import answer_supplement
from services.documents.models import Delivery, Paper
from tests.factories.applications import RESTAURANT, filed_application, open_task, user
from tests.factories.city import load_city
from workflows.models import Clock, Task
from workflows.operations.jobs import run_due_jobs
from workflows.operations.timers import sweep_timers
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def city(db: None):
    at = database_now() - timedelta(hours=2)
    load_city(at=at - timedelta(days=30))
    return at


def window(name: str = "clerk", language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    person = user(name)
    person.language = language
    person.save()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def intake_task(application: Application, node: str = "intake") -> tuple[Case, str]:
    case = application.cases.exclude(state=CaseState.PLANNED).get()
    return case, reverse("counter:task", args=[open_task(case, node).pk])


def words(page) -> str:
    return page.content.decode()


def test_the_completeness_check(city):
    """Accept needs every document looked at; a notice lists what is marked; a second one a supervisor's reason."""
    clerk = window()
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=city)
    case, address = intake_task(application)
    page = clerk.get(address)
    assert page.status_code == 200
    assert case.number in words(page)
    assert AccessLog.objects.filter(reader=user("clerk"), case_ref=case.number).count() == 1

    refused = clerk.post(address, {"outcome": "accept"})
    assert refused.status_code == 422
    assert "Say what you found" in words(refused)
    assert clerk.post(address, {"outcome": ""}).status_code == 422
    assert clerk.post(address, {"outcome": "grant"}).status_code == 422

    code = next(one.code for one in page.context["form"].documents)
    element = page.context["form"].answers[0].element.code
    marked = {f"finding-{code}": "wrong", f"mark-{element}": "on"}
    refused = clerk.post(address, {"outcome": "accept", "all_fine": "on", **marked})
    assert "This is not in order yet" in words(refused)
    refused = clerk.post(address, {"outcome": "supplement", **marked})
    assert words(refused).count("Say what the applicant has to do") >= 2
    assert clerk.post(address, {"outcome": "supplement", "all_fine": "on"}).status_code == 422

    told = {**marked, f"reason-{code}": "请重新拍摄，字迹要清楚。", f"why-{element}": "请与证件一致。"}
    sent = clerk.post(address, {"outcome": "supplement", **told})
    assert sent.status_code == 302
    case.refresh_from_db()
    assert case.state == CaseState.SUPPLEMENT
    items = case.supplements.get().items
    assert [(item["kind"], item["code"]) for item in items] == [("material", code), ("element", element)]
    assert case.material_checks.get(material=code).finding == MaterialFinding.WRONG
    notice = Paper.objects.get(kind="supplement_notice")
    assert all(item["material"]["zh"] != item["reason"] for item in notice.facts["missing"])

    answer_supplement(case_id=case.pk, answers={}, by=user("owner"), at=database_now())
    _case, again = intake_task(application)
    assert again != address
    assert "one-time notice" in words(clerk.get(again))
    recorded = clerk.post(again, {"outcome": "supplement", **told}, follow=True)
    assert "when a supervisor has given her reason" in words(recorded)
    case.refresh_from_db()
    assert (case.state, case.supplements.count()) == (CaseState.FILED, 2)
    assert "A second notice: waits until the head" in words(clerk.get(again))
    assert clerk.post(again, {"outcome": "accept", "all_fine": "on"}).status_code == 302
    case.refresh_from_db()
    assert case.state == CaseState.ACCEPTED
    assert Clock.objects.filter(subject_id=str(case.pk), kind="promised", stopped_at=None).exists()
    finished = clerk.get(again)
    assert finished.status_code == 302
    assert finished.url == reverse("counter:application", args=[application.public_id])


def test_not_our_competence_names_the_right_body(city):
    clerk = window()
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=city)
    case, address = intake_task(application)
    refused = clerk.post(address, {"outcome": "not_competent", "reasons": "不在本辖区。"})
    assert refused.status_code == 422
    assert "不在本辖区。" in words(refused)
    clerk.post(
        address, {"outcome": "not_competent", "reasons": "不在本辖区。", "competent_body": "新郑市市场监督管理局"}
    )
    case.refresh_from_db()
    assert case.state == CaseState.NOT_COMPETENT
    assert case.competent_body == "新郑市市场监督管理局"
    assert Paper.objects.filter(kind="not_competent_notice").exists()


def test_on_the_spot_in_one_visit_and_papers_over_the_counter(city):
    """Pre-packaged food: filed, granted and issued in one visit; without consent the papers wait at the window."""
    clerk = window()
    application = filed_application(service="prepackaged-food-filing", by="owner2", at=city, online=False)
    case, address = intake_task(application, "decide")
    assert clerk.post(address, {"outcome": "refuse", "all_fine": "on"}).status_code == 422
    done = clerk.post(address, {"outcome": "grant", "all_fine": "on"})
    overview = reverse("counter:application", args=[application.public_id])
    assert done.url == overview
    assert "being issued" in words(clerk.get(overview))
    for _ in range(3):
        run_due_jobs(at=database_now())
    case.refresh_from_db()
    assert case.state == CaseState.GRANTED
    assert case.issued_at
    assert case.delivered_at is None
    delivery = Clock.objects.get(subject_id=str(case.pk), kind="delivery")
    assert delivery.stopped_at is None

    page = clerk.get(overview)
    waiting = page.context["waiting"]
    assert {paper.kind for paper in waiting} >= {"receipt", "filing_receipt"}
    hand_out = reverse("counter:hand_out", args=[application.public_id])
    keys = [paper.pk for paper in waiting]
    refused = clerk.post(hand_out, {"papers": keys, "collected_by": " "})
    assert refused.status_code == 422
    assert "proof of delivery" in words(refused)
    assert clerk.post(hand_out, {"papers": [], "collected_by": "王建国"}).status_code == 422
    assert clerk.post(hand_out, {"papers": keys, "collected_by": "王建国"}).status_code == 302
    assert clerk.post(hand_out, {"papers": keys, "collected_by": "王建国"}).status_code == 422
    case.refresh_from_db()
    delivery.refresh_from_db()
    assert case.delivered_at is not None
    assert delivery.stopped_at is not None
    assert {one.proof["collected_by"] for one in Delivery.objects.filter(paper__in=keys)} == {"王*国"}
    assert clerk.get(overview).context["waiting"] == []
    paper = clerk.get(reverse("counter:paper", args=[application.public_id, waiting[0].public_id]))
    assert paper.status_code == 200
    assert paper["Content-Type"] == "application/pdf"


def test_the_licence_is_compared_with_its_original(city):
    """The register does not answer: the window looks at the original; not confirming needs a reason."""
    clerk = window()
    application = filed_application(
        bundle="open-restaurant",
        situation={**RESTAURANT, "has_licence": True, "premises_ready": True},
        by="owner2",
        at=city,
    )
    for _ in range(8):
        run_due_jobs(at=database_now() + timedelta(hours=6))
    task = Task.objects.get(node="check_licence")
    address = reverse("counter:task", args=[task.pk])
    assert clerk.get(address).status_code == 200
    assert clerk.post(address, {"outcome": "not_confirmed"}).status_code == 422
    assert clerk.post(address, {"outcome": "confirmed"}).status_code == 302
    assert set(application.cases.values_list("state", flat=True)) == {CaseState.FILED}
    assert clerk.get(reverse("counter:application", args=[application.public_id])).status_code == 200


def test_a_walk_in_is_found_or_registered_and_served(city):
    clerk = window()
    address = reverse("counter:walk_in")
    assert clerk.get(address).status_code == 200
    found = clerk.post(address, {"id_kind": "31", "id_number": "410103190503182012"})
    assert found.status_code == 302
    assert AccessLog.objects.filter(reader=user("clerk"), purpose="find a person by identity number").count() == 1
    choice = clerk.get(found.url)
    assert "金水区小王便利店（演示）" in words(choice)
    assert "410103190503182012" not in words(choice)
    assert clerk.post(found.url, {"party": "person:999999", "offer": "bundle:open-restaurant"}).status_code == 422
    party = str(choice.context["person"].ref)
    begun = clerk.post(found.url, {"party": party, "offer": "bundle:open-restaurant"})
    draft = Application.objects.get()
    assert draft.channel == Channel.COUNTER
    assert begun.url == reverse("applicant:situation", args=[draft.public_id])
    assert clerk.get(begun.url).status_code == 200

    unknown = clerk.post(address, {"id_kind": "33", "id_number": "P0000002X"})
    assert unknown.status_code == 200
    assert "Nobody is registered" in words(unknown)
    given = {
        "id_kind": "33",
        "id_number": "P0000002X",
        "name": "Jane Roe",
        "birth_date": "1909-01-02",
        "register": "yes",
    }
    assert clerk.post(address, {**given, "mobile": "1"}).status_code == 422
    assert clerk.post(address, given).status_code == 302


def test_lists_are_narrowed_searched_and_cost_the_same(city):
    clerk = window()
    address = reverse("counter:intake")
    assert "Nothing waits at the window" in words(clerk.get(address))
    first = filed_application(service="prepackaged-food-filing", by="owner2", at=city, files=False)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert clerk.get(address).status_code == 200
        return len(captured)

    queries()
    one = queries()
    for _ in range(29):
        filed_application(service="prepackaged-food-filing", by="owner2", at=city, files=False)
    assert queries() == one
    page = clerk.get(address)
    assert len(page.context["works"]) == 30
    assert "王*国" in words(page)
    assert "王建国" not in words(page)

    task = open_task(first.cases.get(), "decide")
    clerk.post(reverse("counter:claim", args=[task.pk]))
    assert [row.task.pk for row in clerk.get(f"{address}?show=mine").context["works"]] == [task.pk]
    assert len(clerk.get(f"{address}?show=free").context["works"]) == 29
    found = clerk.get(address, {"q": first.number})
    assert [row.application.pk for row in found.context["works"]] == [first.pk]
    assert [row.pk for row, _name in found.context["found"]] == [first.pk]
    assert len(clerk.get(address, {"q": "王建国"}).context["works"]) == 30
    assert "No application has this number" in words(clerk.get(address, {"q": "nobody"}))

    other = window("clerk2")
    held = other.post(reverse("counter:task", args=[task.pk]), {"outcome": "grant", "all_fine": "on"})
    assert held.status_code == 422
    assert "has claimed this task" in words(held)
    clerk.post(reverse("counter:release", args=[task.pk]))
    assert Task.objects.get(pk=task.pk).assignee is None


def test_what_is_not_hers_does_not_exist(city):
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=city)
    _case, address = intake_task(application)
    places = [
        reverse("counter:intake"),
        reverse("counter:walk_in"),
        reverse("counter:application", args=[application.public_id]),
        address,
    ]
    for name in ("owner", "food-handler", "manager"):
        client = window(name)
        assert [client.get(place).status_code for place in places] == [404] * len(places)
    clerk = window()
    assert clerk.get(reverse("counter:application", args=["nothing-like-it"])).status_code == 404
    assert clerk.get(reverse("counter:task", args=[99999999])).status_code == 404
    upload = reverse("counter:upload", args=[application.public_id, "nothing-like-it"])
    assert clerk.get(upload).status_code == 404
    assert Client().get(places[0]).status_code == 302


@pytest.mark.parametrize(
    ("language", "head", "missing"),
    [
        ("en", "What the applicant was asked", "Say how the applicant was reached"),
        ("zh-hans", "要求申请人补正的内容", "请说明如何联系申请人"),
    ],
)
def test_an_applicant_who_never_answers(city, language, head, missing):
    """The window waits again, or closes with reasons; both once, and the applicant may still answer before."""
    clerk = window(language=language)
    application = filed_application(service="sign-filing", at=city)
    case, address = intake_task(application)
    clerk.post(address, {"outcome": "supplement", "mark-sign.text": "on", "why-sign.text": "请与执照一致。"})
    late = Clock.objects.get(subject_id=str(case.pk), kind="correction").due_at
    sweep_timers(at=late)
    case, address = intake_task(application, "no_answer")
    page = words(clerk.get(address))
    assert head in page
    assert "请与执照一致。" in page
    assert clerk.post(address, {"outcome": "accept"}).status_code == 422
    refused = clerk.post(address, {"outcome": "close", "reasons": " "})
    assert refused.status_code == 422
    assert missing in words(refused)
    overview = reverse("counter:application", args=[application.public_id])
    assert clerk.post(address, {"outcome": "wait_again"}).url == overview
    assert clerk.post(address, {"outcome": "wait_again"}).url == overview
    case.refresh_from_db()
    assert case.state == CaseState.SUPPLEMENT
    sweep_timers(at=Clock.objects.filter(subject_id=str(case.pk), kind="correction").latest("id").due_at)
    case, address = intake_task(application, "no_answer")
    given = {"outcome": "close", "reasons": "两次电话联系未果。"}
    assert clerk.post(address, given).url == overview
    assert clerk.post(address, given).url == overview
    case.refresh_from_db()
    assert case.state == CaseState.NOT_SUPPLIED
    assert Paper.objects.filter(kind="not_supplied_notice").count() == 1
    owner = window("owner", language)
    assert owner.get(reverse("applicant:application", args=[application.public_id])).status_code == 200
    assert window("city-handler").get(address).status_code == 404
