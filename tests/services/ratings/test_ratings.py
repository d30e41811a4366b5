"""Two taps after a case is closed; a bad rating with a name is answered within real clocks, or does not count."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from services.cases.enums import CaseState
from services.cases.models import Case
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.steps import complete_step
from services.cases.queries.timeline import timeline_of
from services.notifications.models import Notice
from services.ratings.enums import BAD, Level, Stage
from services.ratings.labels import all_labels, levels
from services.ratings.models import Handling, Rating, Visit
from services.ratings.operations.handling import (
    ask_to_exclude,
    decide_exclusion,
    note_contact,
    note_follow_up,
    note_rectified,
)
from services.ratings.operations.rating import RatingError, rate_case, rate_visit
from services.ratings.operations.visits import open_visit
from services.ratings.permissions import may_see_name, ratings_visible_to
from services.ratings.queries.statistics import labels_of_bad, satisfaction
from tests.factories.applications import filed_application, open_task, user
from tests.factories.ratings import make_rating
from tests.services.cases.conftest import MORNING, _loaded, city  # noqa: F401 - fixtures
from workflows.models import Clock
from workflows.operations.jobs import run_due_jobs
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.usefixtures("city")
LATER = MORNING + timedelta(hours=2)
WORK = {"channel": "1"}


def dog(at=MORNING, *, closed: bool = True) -> Case:
    """A dog registered on the spot at the window of CGJ: filed by `owner`, granted, closed."""
    case = filed_application(service="dog-registration", situation={"dog_restricted": False}, at=at).cases.get()
    if closed:
        complete_step(task_id=open_task(case, "decide").pk, outcome="grant", by=user("clerk"), at=at)
        for second in range(4):
            run_due_jobs(at=at + timedelta(seconds=second))
    case.refresh_from_db()
    return case


def signed_in(name: str, language: str = "zh-hans") -> Client:
    client, person = Client(headers={"accept-language": language}), user(name)
    person.language = language
    person.save()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_labels_are_the_national_ones_and_the_two_codes_run_in_opposite_directions() -> None:
    assert list(levels()) == [level.value for level in Level]
    assert [len(level.labels) for level in levels().values()] == [8] * 5
    assert [(level.interface, level.standard) for level in levels().values()] == [
        (5, 1),
        (4, 2),
        (3, 3),
        (2, 4),
        (1, 5),
    ]
    hundreds = [{code // 100 for code in level.labels} for level in levels().values()]
    assert hundreds == [{5}, {4}, {3}, {2}, {1}]
    assert len({label.zh for label in all_labels().values()}) == len({label.en for label in all_labels().values()})
    assert BAD == (Level.DISSATISFIED, Level.VERY_DISSATISFIED)


def test_she_is_asked_when_it_is_closed_rates_in_two_taps_and_anonymously_leaves_no_trace() -> None:
    case = dog(at=database_now() - timedelta(hours=1))
    assert case.state == CaseState.GRANTED
    assert Notice.objects.filter(kind="please_rate", recipient=user("owner"), channel="inbox").count() == 1
    owner = signed_in("owner")
    page = reverse("applicant:rate", args=[case.public_id])
    assert (
        reverse("applicant:rate", args=[case.public_id])
        in owner.get(reverse("applicant:application", args=[case.application.public_id])).content.decode()
    )
    assert (
        owner.get(reverse("applicant:rate_application", args=[case.application.public_id])).headers["location"] == page
    )
    first = owner.get(page, {"level": "satisfied"}).content.decode()
    assert "在线提交材料窗口核验" in first
    assert "没有提供材料样本" not in first
    wrong = owner.post(page, {"level": "satisfied", "labels": ["207"]})
    assert wrong.status_code == 422
    for _twice in range(2):
        assert owner.post(page, {"level": "satisfied", "labels": ["407", "411"], "text": "很快。"}).status_code == 302
    rating = Rating.objects.get()
    assert (rating.labels, rating.words, rating.rated_by, rating.channel) == ([407, 411], "很快。", None, "1")
    assert "很快。" in owner.get(page).content.decode()
    assert signed_in("owner2").get(page).status_code == 404
    with pytest.raises(NotAllowedError):
        rate_case(case_id=case.pk, level="satisfied", named=True, by=user("clerk"), at=LATER, **WORK)
    assert not Handling.objects.exists()


def test_a_case_under_way_cannot_be_rated_and_its_deciders_see_nothing_of_a_visit() -> None:
    case = dog(closed=False)
    with pytest.raises(RatingError):
        rate_case(case_id=case.pk, level="satisfied", named=False, by=user("owner"), at=MORNING, **WORK)
    at = database_now()
    visit = open_visit(case=case, by=user("clerk"), at=at)
    assert open_visit(case=case, by=user("clerk"), at=at) == visit
    with pytest.raises(NotAllowedError):
        open_visit(case=case, by=user("owner"), at=at)
    tablet, page = Client(headers={"accept-language": "zh-hans"}), reverse("public:rate_visit", args=[visit.code])
    assert "服务态度差效率低" in tablet.get(page, {"level": "very_dissatisfied"}).content.decode()
    for _twice in range(2):
        assert tablet.post(page, {"level": "very_dissatisfied", "labels": ["115"]}).status_code == 200
    rating = Rating.objects.get()
    assert (rating.visit, rating.department, rating.rated_by) == (visit, "ZWB", None)
    handler = user("city-handler")
    assert not ratings_visible_to(handler, at).exists()
    Rating.objects.update(department="CGJ")
    assert not ratings_visible_to(handler, at).exists()  # nothing before the case is closed
    Case.objects.filter(pk=case.pk).update(closed_at=at)
    assert ratings_visible_to(handler, at).count() == 1
    with pytest.raises(RatingError):
        rate_visit(code=open_visit(case=case, by=user("clerk"), at=at).code, level="x", at=at)
    later = at + Visit.LASTS + timedelta(minutes=1)
    with pytest.raises(RatingError):
        rate_visit(code=open_visit(case=case, by=user("clerk"), at=at).code, level="satisfied", at=later)


def test_a_bad_one_with_a_name_is_contacted_put_right_followed_up_and_rated_again() -> None:
    case = dog()
    rating = rate_case(
        case_id=case.pk, level="very_dissatisfied", labels=[109], text="多要了材料", named=True, by=user("owner"),
        at=LATER, **WORK,
    )  # fmt: skip
    clocks = {clock.kind: clock for clock in Clock.objects.filter(subject_id=str(case.pk), stopped_at=None)}
    contact, rectify = clocks["rating_contact"], clocks["rating_rectification"]
    assert contact.due_on == (MORNING + timedelta(days=1)).date()
    assert (contact.limit_amount, rectify.limit_amount, rectify.limit_unit) == (1, 15, "working_days")
    assert contact.department == "CGJ"
    assert timeline_of(case.application, at=LATER).lanes[0].light == ""  # no light of the applicant's lane
    head, handler, owner = user("city-head"), user("city-handler"), user("owner")
    assert Notice.objects.filter(kind="bad_rating", recipient=head, channel="inbox").count() == 1
    assert not Notice.objects.filter(kind="bad_rating", recipient=handler).exists()
    rating = Rating.objects.select_related("handling").get(pk=rating.pk)
    assert may_see_name(head, rating, LATER)
    assert not may_see_name(handler, rating, LATER)
    assert not may_see_name(user("manager"), rating, LATER)
    address = reverse("desk:rating", args=[rating.public_id])
    assert "李雯" in signed_in("city-head").get(address).content.decode()
    assert "李雯" not in signed_in("city-handler").get(address).content.decode()
    with pytest.raises(NotAllowedError):
        note_contact(rating_id=rating.pk, finding="x", by=handler, at=LATER)
    with pytest.raises(RatingError):
        note_rectified(rating_id=rating.pk, measures="x", by=head, at=LATER)
    with pytest.raises(RatingError):
        note_contact(rating_id=rating.pk, finding=" ", by=head, at=LATER)
    at = LATER + timedelta(hours=1)
    for _twice in range(2):
        note_contact(rating_id=rating.pk, finding="属实", by=head, at=at)
    contact.refresh_from_db()
    assert contact.stopped_at == at
    note_rectified(rating_id=rating.pk, measures="已修改指南，不再收取。", by=head, at=at + timedelta(days=2))
    rectify.refresh_from_db()
    assert rectify.stopped_at is not None
    assert "已修改指南" in Notice.objects.get(kind="rating_rectified", recipient=owner, channel="inbox").message.body
    second = rate_case(case_id=case.pk, level="satisfied", named=False, by=owner, at=at + timedelta(days=3), **WORK)
    assert (second.number, second.rated_by) == (2, owner)
    again = rate_case(case_id=case.pk, level="satisfied", named=True, by=owner, at=at + timedelta(days=3), **WORK)
    assert again == second  # a third one is none
    assert note_follow_up(rating_id=rating.pk, words="满意", by=head, at=at + timedelta(days=3)).stage == Stage.CLOSED


def test_a_malicious_one_does_not_count_once_a_manager_has_decided_and_small_samples_are_hidden() -> None:
    case = dog()
    rating = rate_case(
        case_id=case.pk, level="dissatisfied", labels=[213], named=True, by=user("owner"), at=LATER, **WORK
    )
    for _visit in range(11):
        make_rating(
            case,
            level=Level.SATISFIED,
            at=LATER,
            number=1,
            visit=Visit.objects.create(case=case, clerk=user("clerk"), opened_at=LATER),
        )
    span = {"since": LATER - timedelta(days=1), "until": LATER + timedelta(days=9)}
    row = next(row for row in satisfaction(**span) if row.department.code == "CGJ")
    assert (row.rated, row.bad, row.closed, row.named) == (12, 1, 1, 1)
    assert row.good_share == pytest.approx(11 / 12)
    assert [(label.code, count) for label, count in labels_of_bad(**span)] == [(213, 1)]
    head, manager = user("city-head"), user("manager")
    note_contact(rating_id=rating.pk, finding="点错了", by=head, at=LATER)
    with pytest.raises(RatingError):
        ask_to_exclude(rating_id=rating.pk, ground="no", reason="x", by=head, at=LATER)
    with pytest.raises(RatingError):
        decide_exclusion(rating_id=rating.pk, excluded=True, note="x", by=manager, at=LATER)
    ask_to_exclude(rating_id=rating.pk, ground="mistaken", reason="本人说点错了。", by=head, at=LATER)
    with pytest.raises(NotAllowedError):
        decide_exclusion(rating_id=rating.pk, excluded=True, note="x", by=user("auditor"), at=LATER)
    page = reverse("oversight:rating", args=[rating.public_id])
    oversight = signed_in("manager")
    assert "李雯" not in oversight.get(page).content.decode()
    assert oversight.post(page, {"do": "exclude", "note": "已核实。"}).status_code == 302
    assert not Clock.objects.filter(subject_id=str(case.pk), kind__startswith="rating_", stopped_at=None).exists()
    row = next(row for row in satisfaction(**span) if row.department.code == "CGJ")
    assert (row.rated, row.bad) == (11, 0)
    assert Rating.objects.get(pk=rating.pk).handling.stage == Stage.EXCLUDED
    with pytest.raises(RatingError):
        note_rectified(rating_id=rating.pk, measures="x", by=head, at=LATER)


def test_the_export_names_both_codes_and_no_page_shows_a_share_of_few() -> None:
    at = database_now()
    case = dog(at=at - timedelta(hours=1))
    make_rating(case, level=Level.VERY_SATISFIED, at=at, labels=[510], text={"text": "=1+1"}, by=user("owner"))
    manager = signed_in("manager", "en")
    text = manager.get(reverse("oversight:export_ratings")).content.decode("utf-8-sig").lstrip("\ufeff")
    row = next(csv.DictReader(io.StringIO(text)))
    assert (row["interface_code"], row["standard_code"], row["labels"], row["anonymous"]) == ("5", "1", "510", "0")
    assert row["text"] == "'=1+1"
    assert "李雯" not in text
    for client, name in ((manager, "oversight:ratings"), (Client(headers={"accept-language": "en"}), "public:ratings")):
        shown = client.get(reverse(name)).content.decode()
        assert "too few" in shown
        assert "100%" not in shown
