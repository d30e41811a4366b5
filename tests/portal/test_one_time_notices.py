"""From the clerk's marks to the reviewer's difference: one notice through the pages, in both languages, and the API."""

from __future__ import annotations

import html
import io
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.demo.samples import sample_picture
from services.cases.enums import CaseState
from services.cases.models import Application, Case, OneTimeNotice
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.steps import complete_step
from services.documents.models import Upload
from tests.factories.applications import filed_application, filed_restaurant, open_task, user
from tests.services.cases.conftest import _loaded, city  # noqa: F401 - fixtures
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.usefixtures("city")
#: What each language calls the same.
WORDS = {
    "en": {
        "waits": "Recorded – the notice has not gone out yet",
        "unjudged": "Not looked through yet",
        "progress": "0 of 3 done",
        "one_done": "1 of 3 done",
        "shared": "Several departments ask for this",
        "changed": "Changed by the applicant on",
        "new": "new since the notice",
        "again": "Asked more than once",
    },
    "zh-hans": {
        "waits": "已登记，告知书尚未发出",
        "unjudged": "尚未审查",
        "progress": "已完成 0 / 3 项",
        "one_done": "已完成 1 / 3 项",
        "shared": "多个部门都需要这一项",
        "changed": "补正的内容",
        "new": "告知后新交",
        "again": "多次告知",
    },
}


def signed_in(name: str, language: str = "en") -> Client:
    client, person = Client(headers={"accept-language": language}), user(name)
    person.language = language
    person.save()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def words(response) -> str:
    text = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def part(application: Application, name: str) -> Case:
    return application.cases.select_related("application", "run").get(part=name)


def check_page(case: Case) -> str:
    return reverse("counter:task", args=[open_task(case, "intake").pk])


def restaurant() -> Application:
    """Four cases filed just now; two of them accepted."""
    at = database_now() - timedelta(hours=1)
    application = filed_restaurant(at=at)
    for name in ("sign-filing", "drainage-permit"):
        task = open_task(part(application, name), "intake")
        complete_step(task_id=task.pk, outcome="accept", by=user("clerk"), at=at)
    return application


def mark(client: Client, case: Case, **given: str):
    return client.post(check_page(case), {"outcome": "supplement", **given}, follow=True)


PLACE = {"mark-premises.address": "on", "why-premises.address": "与证明不一致。"}
PLAN = {"finding-layout-plan": "wrong", "reason-layout-plan": "请标注尺寸。"}
EXITS = {"mark-fire.exits": "on", "why-fire.exits": "请核对出口。"}


def picture(name: str = "新图.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, io.BytesIO(sample_picture("layout-plan")).read(), "image/png")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_marks_wait_go_out_together_are_answered_once_and_show_as_a_difference(language: str) -> None:
    say = WORDS[language]
    application = restaurant()
    food, fire = part(application, "food-licence"), part(application, "fire-safety-check")
    clerk, owner = signed_in("clerk", language), signed_in("owner2", language)
    mark(clerk, food, **PLACE, **PLAN)
    waiting = clerk.get(check_page(food))
    assert all(say[key] in words(waiting) for key in ("waits", "unjudged"))
    assert 'value="请标注尺寸。"' in waiting.content.decode()  # what was marked can be changed
    page = reverse("applicant:supplement", args=[food.public_id])
    assert owner.get(page).status_code == 404  # she knows nothing of it yet

    mark(clerk, fire, **PLACE, **EXITS)
    notice = OneTimeNotice.objects.get()
    assert notice.supplements.count() == 2
    shown = words(owner.get(page))
    assert say["progress"] in shown
    assert say["shared"] in shown
    assert shown.count("与证明不一致。") == 2  # one field, both departments' reasons
    assert words(owner.get(reverse("applicant:supplement", args=[fire.public_id]))) == shown

    asked = owner.get(page).context["form"].asked
    typed = {"asked": asked, **_fields(owner.get(page), {"premises.address": "演示路211号"})}
    kept = owner.post(page, {**typed, "upload": "layout-plan", "file-layout-plan": picture()}, follow=True)
    assert "新图.png" in words(kept)
    assert 'value="演示路211号"' in kept.content.decode()  # uploading loses nothing that was typed
    assert owner.post(page, {**typed, "upload": "layout-plan"}).status_code == 422
    final = {"asked": asked, **_fields(kept, {"premises.address": "演示路212号", "fire.exits": "3"}), "hand_in": "yes"}
    changes = owner.post(page, final, follow=True)
    assert "演示路212号" in words(changes)
    reviewed = changes.context["hash"]
    assert OneTimeNotice.objects.get().answered_at is None  # nothing is sent before she has seen what it changes
    send = reverse("applicant:supplement_review", args=[food.public_id])
    assert owner.post(send, {"reviewed": "0" * 64}).status_code == 200
    assert OneTimeNotice.objects.get().answered_at is None  # what was looked at is what is sent
    assert owner.post(send, {"reviewed": reviewed}).status_code == 302
    assert OneTimeNotice.objects.get().answered_hash == reviewed
    for case in (food, fire):
        case.refresh_from_db()
        assert case.state == CaseState.FILED
    assert owner.post(page, final, follow=True).status_code == 200
    assert owner.post(send, {"reviewed": reviewed}, follow=True).status_code == 200  # a double click answers once

    checked = words(clerk.get(check_page(food)))
    assert say["changed"] in checked
    assert say["new"] in checked
    assert "新图.png" in checked
    accepted = open_task(part(application, "sign-filing"), "handle")
    other = words(signed_in("city-handler", language).get(reverse("desk:task", args=[accepted.pk])))
    assert say["changed"] in other  # asked by others, used by this one too
    assert "演示路212号" in other
    assert "新图.png" not in other  # no document of its own


def _fields(page, values: dict[str, str]) -> dict[str, str]:
    """Return form values by the names the page gives its fields."""
    form = page.context["form"]
    names = {use.element.code: form[name].html_name for use, name in zip(form.uses, form.fields, strict=True)}
    return {names[code]: value for code, value in values.items()}


def test_a_clerk_sends_it_now_and_must_say_why() -> None:
    application = restaurant()
    food, clerk = part(application, "food-licence"), signed_in("clerk")
    mark(clerk, food, **PLAN)
    address = reverse("counter:send_now", args=[open_task(food, "intake").pk])
    assert "Say why" in words(clerk.post(address, {"reason": " "}, follow=True))
    assert not OneTimeNotice.objects.exists()
    for _ in range(2):
        assert clerk.post(address, {"reason": "申请人就在窗口。"}).status_code == 302
    assert OneTimeNotice.objects.get().reason == "申请人就在窗口。"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_supervisor_reads_what_is_asked_again_and_says_why(language: str) -> None:
    at = database_now() - timedelta(hours=1)
    case = filed_application(service="sign-filing", at=at).cases.get()
    missing = [Missing(kind="element", code="sign.text", reason="请与执照一致。")]
    ask_supplement(task_id=open_task(case, "intake").pk, missing=missing, by=user("clerk"), at=at)
    owner = signed_in("owner", language)
    page = reverse("applicant:supplement", args=[case.public_id])
    changes = owner.post(page, {"hand_in": "yes", "asked": ""}, follow=True)
    owner.post(changes.request["PATH_INFO"], {"reviewed": changes.context["hash"]})
    ask_supplement(task_id=open_task(case, "intake").pk, missing=missing, by=user("clerk"), at=database_now())
    assert case.supplements.get(round=2).notice is None
    for name, door, act in (("city-head", "desk:case", "desk:second_notice"), ("manager", "oversight:case", "")):
        shown = words(signed_in(name, language).get(reverse(door, args=[case.public_id])))
        assert WORDS[language]["again"] in shown
        assert act == "" or "请与执照一致。" in shown
    manager = signed_in("manager", language)
    address = reverse("oversight:second_notice", args=[case.public_id])
    assert "请与执照一致。" in words(manager.get(address))
    assert manager.post(address, {"reason": " "}).status_code == 422
    head = signed_in("city-head", language)
    address = reverse("desk:second_notice", args=[case.public_id])
    assert head.post(address, {"reason": ""}).status_code == 422
    assert head.post(address, {"reason": "材料前后矛盾。"}).status_code == 302
    case.refresh_from_db()
    assert (case.state, case.supplements.get(round=2).approved_by) == (CaseState.SUPPLEMENT, user("city-head"))
    assert "材料前后矛盾。" in words(manager.get(reverse("oversight:case", args=[case.public_id])))


def test_programs_read_and_answer_the_same_notice() -> None:
    application = restaurant()
    food, fire = part(application, "food-licence"), part(application, "fire-safety-check")
    at = database_now()
    place = Missing(kind="element", code="premises.address", reason="与证明不一致。")
    exits = Missing(kind="element", code="fire.exits", reason="请核对出口。")
    for case, missing in ((food, [place]), (fire, [place, exits])):
        ask_supplement(task_id=open_task(case, "intake").pk, missing=missing, by=user("clerk"), at=at)
    owner, other = signed_in("owner2"), signed_in("owner")
    address = reverse("api:notices", args=[application.public_id])
    assert other.get(address).status_code == 404
    (told,) = owner.get(address).json()
    (thing,) = told["departments"][0]["things"]
    assert [one["code"] for one in told["departments"][1]["things"]] == ["fire.exits"]
    assert [reason["department"] for reason in thing["reasons"]] == ["SCJG", "XF"]
    answer = reverse("api:answer_notice", args=[application.public_id, told["number"]])

    def say(address: str, answers: dict[str, str]):
        key = {"Idempotency-Key": f"answer-{next(iter(answers), 0)}"}
        return owner.post(address, {"answers": answers}, content_type="application/json", headers=key)

    for given, status in (
        ({"fire.exits": "viel"}, 400),
        ({"sign.text": "x"}, 403),
        ({"premises.address": "演示路210号"}, 200),
    ):
        assert say(answer, given).status_code == status, given
    assert say(answer, {}).status_code == 409
    assert {case.state for case in application.cases.filter(pk__in=(food.pk, fire.pk))} == {CaseState.FILED}


def test_pages_cost_the_same_however_much_is_asked() -> None:
    application = restaurant()
    food, fire = part(application, "food-licence"), part(application, "fire-safety-check")
    clerk = signed_in("clerk")

    def cost(client: Client, address: str) -> int:
        client.get(address)  # what is cached once is cached now
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    mark(clerk, food, **PLAN)
    few = cost(clerk, check_page(food))
    mark(clerk, food, **PLAN, **PLACE)
    assert cost(clerk, check_page(food)) == few
    mark(clerk, fire, **PLACE, **EXITS)
    owner = signed_in("owner2")
    page = reverse("applicant:supplement", args=[food.public_id])
    before = cost(owner, page)
    for number in range(3):
        owner.post(page, {"upload": "layout-plan", "file-layout-plan": picture(f"{number}.png"), "asked": ""})
    assert Upload.objects.filter(original_name__in=["0.png", "1.png", "2.png"]).count() == 3
    assert cost(owner, page) == before
