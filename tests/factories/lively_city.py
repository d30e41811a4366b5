"""A city in which there is something on every page: cases at every point, papers, orders, cards, failures, drafts."""

from __future__ import annotations

import io
import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from portal.demo.samples import sample_answers, sample_picture, sample_situation
from services.cases.models import Application, Case
from services.cases.operations.answering import answer_supplement, keep_typed
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.drafts import save_draft, start_draft
from services.cases.operations.holds import hold_application
from services.cases.operations.limits import pause_case
from services.cases.operations.requests import request_information
from services.cases.operations.steps import complete_step
from services.cases.operations.withdrawals import withdraw_application
from services.cases.queries.forms import documents_wanted, form_of
from services.cases.queries.notices import latest_notice_of
from services.catalogue.queries import current_bundle_version, current_version
from services.documents.operations import store_upload
from services.parties.models import Organisation
from services.parties.queries import person_of
from services.supervision.operations.cards import appeal_card
from tests.factories.applications import RESTAURANT, filed_application, filed_restaurant, open_task, user
from tests.factories.city import load_city
from tests.factories.copying import all_rows, is_empty, put_back
from tests.factories.lively_papers import make_papers_and_codes
from tests.factories.notifications import NoticeFactory
from tests.factories.supervision import make_card, make_order
from workflows.enums import JobState, PauseReason
from workflows.models import Clock, Job
from workflows.operations.jobs import run_due_jobs
from workflows.operations.timers import sweep_timers

#: How long before `at` everything here began.
AGO = timedelta(hours=3)
#: 110 characters, the longest name of a real catalogue, with nothing a browser would break at in English.
LONG_ZH = "郑州市金水区老街坊" + "餐饮管理" * 22 + "有限责任公司（演示）"


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A city as it was made. files: a copy of what it stored."""

    rows: list[tuple[str, bytes]]
    files: Path
    addresses: dict[str, list[str]]


_kept: dict[date, _Kept] = {}


def build(*, at: datetime) -> dict[str, list[str]]:
    """Load the city and let people be busy in it until `at`.

    Made once a process and day, then copied, if no row stands anywhere yet. Returns addresses no page links to, by the
    sign-in of whom a message or a paper leads there ("" for anybody).
    """
    kept, empty = _kept.get(at.date()), is_empty()
    if kept is not None and empty:
        put_back(kept.rows)
        shutil.copytree(kept.files, settings.MEDIA_ROOT, dirs_exist_ok=True)
        return kept.addresses
    addresses = _build(at=at)
    if empty:
        files = Path(mkdtemp(prefix="lively-", dir=os.environ["VAR_DIR"]))
        shutil.copytree(settings.MEDIA_ROOT, files, dirs_exist_ok=True)
        _kept[at.date()] = _Kept(rows=all_rows(), files=files, addresses=addresses)
    return addresses


def _build(*, at: datetime) -> dict[str, list[str]]:
    began = at - AGO
    load_city(at=began - timedelta(days=30))
    made: dict[str, Case | Application] = {}
    for make in (_reviewed, _asked, _ended, _joint, _drafts):
        made |= make(began)
    _failures(made, began)
    owner = user("owner")  # whose address is confirmed, so that she may set up a second step of signing in
    EmailAddress.objects.update_or_create(user=owner, email=owner.email, defaults={"verified": True, "primary": True})
    granted, refused = made["granted"], made["refused"]
    assert isinstance(granted, Case)
    assert isinstance(refused, Case)
    for case in (granted, refused):
        case.refresh_from_db()
    given = make_papers_and_codes(granted=granted, refused=refused, at=at - timedelta(minutes=5))
    wrong = made["wrong"]
    given["manager"] = [reverse("oversight:case", args=[made["twice"].public_id])]
    given["owner"].append(reverse("applicant:supplement_review", args=[wrong.public_id]))
    return given


def _filed(service: str, at: datetime, **wishes: Any) -> Case:
    return filed_application(service=service, at=at, **wishes).cases.get()


def _do(case: Case, node: str, outcome: str, name: str, at: datetime, reasons: str = "") -> None:
    complete_step(task_id=open_task(case, node).pk, outcome=outcome, by=user(name), at=at, reasons=reasons)


def _reviewed(at: datetime) -> dict[str, Case | Application]:
    """Cases that departments work on: accepted, paused, held, under an order, with a card."""
    accepted, paused, held = (_filed("sign-filing", at) for _ in range(3))
    for case in (accepted, paused, held):
        _do(case, "intake", "accept", "clerk", at)
        run_due_jobs(at=at)
    today = timezone.localdate(at)
    review = {"reason": PauseReason.EXPERT_REVIEW, "from_on": today, "planned_days": 3}
    pause_case(case_id=paused.pk, by=user("city-handler"), at=at, **review)
    hold_application(application_id=held.application_id, reason="等待上级机关答复。", by=user("manager"), at=at)
    make_order(accepted)
    appeal_card(card_id=make_card(accepted).pk, reason="等待专家意见。", by=user("city-head"), at=at)
    request_information(case_id=accepted.pk, text="招牌何时安装？请附安装计划。", by=user("city-handler"), at=at)
    forwarded = _filed("subsistence-allowance", at)
    _do(forwarded, "intake", "accept", "clerk", at)
    return {"accepted": accepted, "paused": paused, "held": held, "forwarded": forwarded}


def _asked(at: datetime) -> dict[str, Case | Application]:
    """Cases that wait for their applicant: for corrections, for an answer that never came, for papers promised."""
    wrong, silent, twice = (_filed("sign-filing", at) for _ in range(3))
    missing = [
        Missing(kind="element", code="sign.text", reason="请与营业执照的名称一致。"),
        Missing(kind="material", code=documents_wanted(wrong.application)[0].code, reason="扫描件不清晰，请重新上传。"),
    ]
    for case in (wrong, silent, twice):
        ask_supplement(
            task_id=open_task(case, "intake").pk, missing=missing[: 1 if case == twice else 2], by=user("clerk"), at=at
        )
    answer_supplement(case_id=twice.pk, answers={"sign.text": "老街坊（演示）"}, by=user("owner"), at=at)
    ask_supplement(task_id=open_task(twice, "intake").pk, missing=missing[1:], by=user("clerk"), at=at)
    notice = latest_notice_of(wrong)
    assert notice is not None
    keep_typed(notice_id=notice.pk, typed={"sign.text": "老街坊（演示）"}, by=user("owner"), at=at)
    clock = Clock.objects.filter(subject_id=str(silent.pk), kind="correction")
    clock.update(due_at=at)  # nobody waits thirty working days here
    sweep_timers(at=at)
    wishes: dict[str, Any] = {"situation": {"food_items": ["hot"]}, "deferrable": False, "by": "owner2"}
    return {"wrong": wrong, "silent": silent, "twice": twice, "waiting": _filed("food-licence", at, **wishes)}


def _ended(at: datetime) -> dict[str, Case | Application]:
    """Cases that are over: granted with papers to collect, refused, withdrawn."""
    granted, refused, withdrawn = (_filed("sign-filing", at, online=number != 0) for number in range(3))
    withdraw_application(application_id=withdrawn.application_id, by=user("owner"), at=at)
    for case, word in ((granted, "grant"), (refused, "refuse")):
        reasons = "" if word == "grant" else "招牌位置不符合规定。"
        _do(case, "intake", "accept", "clerk", at)
        _do(case, "handle", f"recommend_{word}", "city-handler", at, reasons)
        _do(case, "check", "agree", "city-checker", at)
        _do(case, "approve", word, "city-approver", at, reasons)
    for second in range(4):
        run_due_jobs(at=at + timedelta(seconds=second))
    return {"granted": granted, "refused": refused, "withdrawn": withdrawn}


def _joint(at: datetime) -> dict[str, Case | Application]:
    """A restaurant in four departments at once, its owner a company with a very long name."""
    restaurant = filed_restaurant(at=at)
    Organisation.objects.filter(uscc="91410100MA0000074E").update(name=LONG_ZH)
    _do(restaurant.cases.get(part="sign-filing"), "intake", "accept", "clerk", at)
    return {"restaurant": restaurant}


def _drafts(at: datetime) -> dict[str, Case | Application]:
    """What is begun: nothing filled in, and all but filed."""
    owner = user("owner")
    shared: dict[str, Any] = {"party": person_of(owner).ref, "by": owner, "at": at}
    begun = start_draft(
        offer=current_bundle_version("open-restaurant"), situation={**RESTAURANT, "has_licence": False}, **shared
    )
    service = current_version("dog-registration")
    situation = sample_situation(service.questions.all(), {})
    ready = start_draft(offer=service, situation=situation, **shared)
    answers = sample_answers(form_of(ready), {}, situation=situation, today=timezone.localdate(at))
    ready = save_draft(application_id=ready.pk, answers=answers, by=owner, at=at)
    for need in documents_wanted(ready):
        store_upload(
            file=io.BytesIO(sample_picture(need.code)),
            original_name=f"{need.code}.png",
            declared_type="image/png",
            subject_kind="application",
            subject_id=ready.pk,
            material_code=need.code,
            by=owner,
            at=at,
        )
    return {"begun": begun, "ready": ready}


def _failures(made: dict[str, Case | Application], at: datetime) -> None:
    """A step that failed too often, and a message that cannot be sent."""
    restaurant = made["restaurant"]
    assert isinstance(restaurant, Application)
    case = restaurant.cases.get(part="drainage-permit")
    Job.objects.create(
        run=case.run,
        root=restaurant.run,
        node="issue",
        round=1,
        action="cases.issue_result",
        state=JobState.INCIDENT,
        attempts=6,
        last_error="OSError",
        next_attempt_at=at,
        queued_at=at,
    )
    NoticeFactory(dead=True, recipient=user("owner"))
