"""Live through the past sixty working days: citizens apply, departments work, limits are kept and missed.

Everything goes through the operations the pages use, with the instant at which it would have happened, in the order of
time, so that lists, lights, timelines and notices have something true to show. The same seed gives the same past.
"""

from __future__ import annotations

import heapq
import io
import itertools
import random
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from portal.accounts.models import User
from portal.demo.samples import fictitious_uscc, sample_answers, sample_picture, sample_situation
from portal.demo.signing import sign_for_the_others
from portal.demo.supervising import answer_orders, appeal_against_cards
from services.cases.models import Application, Case
from services.cases.operations.answering import answer_supplement
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.drafts import save_draft, start_draft
from services.cases.operations.limits import NoRunningClockError, extend_case, pause_case, resume_case
from services.cases.operations.steps import OutsideResult, complete_step, declare_premises_ready
from services.cases.operations.submission import review_hash, submit_application
from services.cases.operations.withdrawals import withdraw_application
from services.cases.queries.forms import documents_wanted, form_of
from services.catalogue.models import BundleVersion, ServiceVersion
from services.catalogue.queries import current_bundle_version, published_items, stop_reasons
from services.documents.operations import store_upload
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import Notice
from services.parties.enums import IdentityKind
from services.parties.models import Person
from services.parties.operations import register_person
from services.parties.queries import person_of, users_in_post
from workflows.clocks import WorkingCalendar
from workflows.enums import OPEN_TASK_STATES, PauseReason
from workflows.models import Task
from workflows.operations.clocks import ClockError
from workflows.operations.jobs import run_due_jobs
from workflows.operations.timers import sweep_timers
from workflows.queries.calendars import calendar_for

WORKING_DAYS = 60
BUNDLES = 22
SINGLES = 96
CITIZENS = 24
#: Of the work of the last days, the share per step that still lies there.
RECENT_WORKING_DAYS = 16
LEFT_LYING = 0.13
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张"
GIVEN_NAMES = ("建军", "秀英", "晓梅", "志强", "桂芳", "海燕", "文博", "玉兰")

#: A story yields the instants at which its next act happens; it acts when it is resumed.
Story = Iterator[datetime]


def live_through_the_past(*, until: datetime, say: Callable[[str], None], seed: int = 2018) -> int:
    """Make about 200 cases of the past 60 working days; returns how many there are now.

    until: now; what would happen later has not happened yet. say: told how far it is.
    """
    past = _Past(until, random.Random(seed))  # noqa: S311 - the same past each time, nothing secret
    past.plan()
    past.live(say)
    _drop_old_messages(until)
    return Case.objects.count()


class _Past:
    """The heap of what happens next, and everybody's habits."""

    def __init__(self, until: datetime, rng: random.Random) -> None:
        self.until = until
        self.rng = rng
        self.calendar: WorkingCalendar = calendar_for(settings.REGION)
        self.tie = itertools.count()
        self.heap: list[tuple[datetime, int, Story]] = []
        self.codes = itertools.count(1)

    def plan(self) -> None:
        """Spread the applications over the past days."""
        today = timezone.localdate(self.until)
        days = [day for back in range(100, 0, -1) if self.calendar.is_working(day := today - timedelta(days=back))]
        days = days[-WORKING_DAYS:]
        citizens = [_citizen(number, days[0]) for number in range(CITIZENS)]
        restaurant = current_bundle_version("open-restaurant")
        singles = [version for version in published_items() if not version.code.startswith("business-licence")]
        for number in range(BUNDLES):
            at = self._hour(days[number * len(days) // BUNDLES])
            self._begin(at, self._bundle_story(restaurant, citizens[number % CITIZENS], at))
        for number in range(SINGLES):
            at = self._hour(days[number * len(days) // SINGLES])
            version = singles[number % len(singles)]
            self._begin(at, self._single_story(version, citizens[(number * 7) % CITIZENS], at))

    def _begin(self, at: datetime, story: Story) -> None:
        heapq.heappush(self.heap, (at, next(self.tie), story))

    def live(self, say: Callable[[str], None]) -> None:
        """Let everything happen in the order of time, with the workers and the clock running beside it."""
        day = None
        while self.heap:
            at, _, story = heapq.heappop(self.heap)
            if at >= self.until:
                continue
            if timezone.localdate(at) != day:
                day = timezone.localdate(at)
                answer_orders(at=at, rng=self.rng)
                say(f"{day.isoformat()}: {Case.objects.count()} cases")
            sweep_timers(at=at)
            following = next(story, None)
            self._work(at)
            if following is not None:
                self._begin(max(following, at + timedelta(seconds=1)), story)
        sweep_timers(at=self.until)
        self._work(self.until)
        appeal_against_cards(at=self.until, rng=self.rng)

    def _work(self, at: datetime) -> None:
        """Let the workers carry out what is due: issuing, delivering, closing."""
        for second in range(4):
            if not run_due_jobs(at=at + timedelta(seconds=second)):
                return

    def _hour(self, day: Any) -> datetime:
        """Return an instant of a working day's office hours."""
        clock = time(self.rng.choice((9, 10, 11, 14, 15, 16)), self.rng.randrange(60))
        return datetime.combine(day, clock, tzinfo=self.calendar.zone)

    def _later(self, at: datetime, days: float) -> datetime:
        """Return an office hour about `days` working days after `at`."""
        if days < 1:
            return at + timedelta(minutes=20 + int(days * 120))
        return self._hour(self.calendar.add_working_days(timezone.localdate(at), int(days)))

    def _bundle_story(self, offer: BundleVersion, citizen: User, at: datetime) -> Story:
        situation = {
            "has_licence": False,
            "organisation_kind": self.rng.choice(("individual", "company")),
            "small_shop": False,
            "floor_area": self.rng.choice((60, 120, 320, 480)),
            "storey": "ground",
            "residential_building": False,
            "food_items": self.rng.sample(("hot", "cold", "drinks"), 2),
            "fire_route": "check",
            "has_sign": self.rng.random() < 0.9,
            "sewer": True,
        }
        application = _submit(offer, citizen, at, situation)
        licence = application.cases.get(part="business-licence")
        yield from self._case_story(licence, at, pace=0.6)
        application.refresh_from_db()
        ready = self._task(application, "premises_ready")
        if ready is None:
            return
        at = self._later(timezone.now() if licence.decided_at is None else licence.decided_at, self.rng.randint(1, 8))
        yield at
        declare_premises_ready(task_id=ready.pk, by=citizen, at=at)
        for case in application.cases.exclude(pk=licence.pk):
            self._begin(self._later(at, 0.5), self._case_story(case, at, pace=self.rng.uniform(0.4, 1.25)))

    def _single_story(self, offer: ServiceVersion, citizen: User, at: datetime) -> Story:
        situation = sample_situation(offer.questions.all(), {})
        if stop_reasons(offer, situation):
            return
        application = _submit(offer, citizen, at, situation)
        if self.rng.random() < 0.05:
            at = self._later(at, 1)
            yield at
            withdraw_application(application_id=application.pk, by=citizen, at=at)
            return
        yield from self._case_story(application.cases.get(), at, pace=self.rng.uniform(0.3, 1.3))

    def _task(self, about: Case | Application, node: str = "") -> Task | None:
        kind = "case" if isinstance(about, Case) else "application"
        tasks = Task.objects.filter(subject_kind=kind, subject_id=str(about.pk), state__in=OPEN_TASK_STATES)
        return (tasks.filter(node=node) if node else tasks).order_by("id").first()

    def _case_story(self, case: Case, at: datetime, *, pace: float) -> Story:
        """Work on a case until it is closed. pace: 1 uses the whole promise, more misses it."""
        promised = max(case.service.promised_amount, 1)
        shares = {"handle": 0.55, "check": 0.2, "approve": 0.25, "record_result": 1.0, "first_review": 0.4}
        while (task := self._task(case)) is not None:
            if self._left_lying(at):
                return
            days = shares.get(task.node, 0.3) * promised * pace if task.node in shares else self.rng.random() * 2
            at = self._later(at, days)
            yield at
            self._act(case, task, at)
            self._work(at)
            case.refresh_from_db()

    def _left_lying(self, at: datetime) -> bool:
        """Return whether nobody gets round to it until now: what happens to some of the recent work."""
        age = self.calendar.working_days(timezone.localdate(at), timezone.localdate(self.until))
        return age < RECENT_WORKING_DAYS and self.rng.random() < LEFT_LYING

    def _act(self, case: Case, task: Task, at: datetime) -> None:
        if not Task.objects.filter(pk=task.pk, state__in=OPEN_TASK_STATES).exists():
            return
        luck = self.rng.random()
        if task.role == "applicant":
            answer_supplement(case_id=case.pk, answers={}, by=case.application.filed_by, at=at)
            return
        by = users_in_post(task.department, task.role, at).first()
        if by is None:
            return
        if task.node in ("intake", "decide") and luck < 0.14 and case.supplements.count() == 0:
            self._ask(case, task, by, at)
            return
        if case.supplements.filter(notice__isnull=True).exists():
            return  # recorded: it goes out when the other departments have looked
        if task.node == "handle":
            self._lengthen(case, by, at, luck)
        outcome, reasons = self._outcome(case, task, luck)
        outside = None
        if outcome == "grant" and (case.service.decision_place != "here" or case.part == "business-licence"):
            outside = OutsideResult(number=fictitious_uscc(next(self.codes)), decided_on=timezone.localdate(at))
        complete_step(task_id=task.pk, outcome=outcome, by=by, at=at, reasons=reasons, outside=outside)

    def _ask(self, case: Case, task: Task, by: User, at: datetime) -> None:
        wanted = documents_wanted(case.application)
        if wanted:
            missing = Missing(kind="material", code=wanted[0].code, reason="扫描件不清晰，请重新上传。")
            ask_supplement(task_id=task.pk, missing=[missing], by=by, at=at)
        else:
            complete_step(task_id=task.pk, outcome="accept" if task.node == "intake" else "grant", by=by, at=at)

    def _lengthen(self, case: Case, by: User, at: datetime, luck: float) -> None:
        """Now and then pause for an expert review, or extend by the head of the department."""
        try:
            if luck > 0.95 and timezone.localdate(at) < timezone.localdate(self.until) - timedelta(days=12):
                today = timezone.localdate(at)
                pause_case(
                    case_id=case.pk, reason=PauseReason.EXPERT_REVIEW, from_on=today, planned_days=2, by=by, at=at
                )
                resume_case(case_id=case.pk, by=by, at=at + timedelta(minutes=5))
            elif luck > 0.90 and case.service.extension_amount:
                head = users_in_post(case.department.code, "head", at).first()
                if head is not None:
                    extend_case(case_id=case.pk, amount=2, reason="案情复杂，需要补充核实。", by=head, at=at)
        except (ClockError, NoRunningClockError):
            return  # the limit ran out before anybody asked: nothing to lengthen

    def _outcome(self, case: Case, task: Task, luck: float) -> tuple[str, str]:
        """Return what this step ends with, and why."""
        refused = case.opinions.filter(outcome="recommend_refuse").exists()
        if task.node == "intake" and luck < 0.17:
            return "not_competent", "该事项由省级主管部门办理，请向其提出申请。"
        if task.node == "handle":
            return ("recommend_refuse", "现场核查不符合规定条件。") if luck < 0.08 else ("recommend_grant", "")
        if task.node in ("approve", "record_result", "decide") and refused:
            return "refuse", "现场核查不符合规定条件。"
        known = {
            "intake": "accept",
            "check": "agree",
            "approve": "grant",
            "decide": "grant",
            "record_result": "grant",
            "first_review": "forward",
            "no_answer": "wait_again",
        }
        return known[task.node], ""


def _citizen(number: int, day: Any) -> User:
    """Return a seeded citizen with a fictitious identity, made on first need."""
    username = f"citizen-{number + 1:02d}"
    found = get_user_model().objects.filter(username=username).first()
    if found is not None:
        return found
    name = SURNAMES[number % len(SURNAMES)] + GIVEN_NAMES[number % len(GIVEN_NAMES)]
    user = get_user_model().objects.create_user(username, first_name=name)  # without e-mail: the past is not mailed
    user.set_unusable_password()
    user.save()
    born = f"19{number % 11:02d}0{1 + number % 9}1{number % 9}"
    body = f"410105{born}{100 + number:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]
    register_person(
        user=user,
        name=name,
        id_kind=IdentityKind.RESIDENT_ID,
        id_number=body + check,
        by=None,
        at=datetime.combine(day, time(9), tzinfo=timezone.get_current_timezone()),
    )
    return user


def _submit(
    offer: BundleVersion | ServiceVersion, citizen: User, at: datetime, situation: dict[str, Any]
) -> Application:
    person = person_of(citizen)
    if not isinstance(person, Person):
        raise TypeError(f"{citizen.username} is no person.")
    draft = start_draft(offer=offer, party=person.ref, by=citizen, at=at, situation=situation)
    given = {"organisation.name": f"郑州{person.name}小馆（演示）", "person.name": person.name}
    answers = sample_answers(form_of(draft), given, situation=situation, today=timezone.localdate(at))
    draft = save_draft(application_id=draft.pk, answers=answers, by=citizen, at=at)
    for need in documents_wanted(draft):
        store_upload(
            file=io.BytesIO(sample_picture(need.code)),
            original_name=f"{need.code}.png",
            declared_type="image/png",
            subject_kind="application",
            subject_id=draft.pk,
            material_code=need.code,
            by=citizen,
            at=at,
        )
    sign_for_the_others(draft, at=at)
    return submit_application(
        application_id=draft.pk,
        reviewed_hash=review_hash(draft),
        signed=True,
        consents=["electronic_service"],
        by=citizen,
        at=at,
    )


def _drop_old_messages(until: datetime) -> None:
    """Cancel mails and text messages about the past: they would have been sent then, and make no sense now."""
    Notice.objects.filter(status=NoticeStatus.QUEUED, created_at__lt=until - timedelta(hours=1)).exclude(
        channel=Channel.INBOX
    ).update(status=NoticeStatus.CANCELLED, next_attempt_at=None)
