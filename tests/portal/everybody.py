"""Everybody who comes to the site, with real objects of somebody else's, and what the table says they meet.

A filed application of the citizen, its case in SCJG with its open tasks, her draft, her files and papers.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from portal.ui.sessions import SEEN, STARTED
from services.cases.enums import ApplicationState, CaseState, ReleaseCause
from services.cases.models import Application
from services.cases.queries.forms import form_of
from services.cases.queries.signers import signers_wanted
from services.catalogue.queries import SHIPPED_FOLDER
from services.documents.operations.sharing import share_paper
from services.parties.codes import hash_of_code
from services.parties.enums import Role
from services.parties.models import MandateOffer
from services.supervision.operations.rules import load_rules, shipped_rules
from tests.factories.cases import FILED_AT, ApplicationFactory, CaseFactory, open_case, open_task
from tests.factories.catalogue import make_listed_item, published_bundle, published_service
from tests.factories.documents import make_paper, make_partial, make_upload
from tests.factories.notifications import NoticeFactory
from tests.factories.parties import HallFactory, MandateFactory, MembershipFactory, PersonFactory, WindowFactory
from tests.factories.payments import make_difference, make_fee
from tests.factories.ratings import make_rating, make_visit
from tests.factories.supervision import make_card, make_order
from workflows.enums import JobState
from workflows.models import Job
from workflows.operations.calendars import load_national_calendar
from workflows.operations.definitions import publish_process
from workflows.queries.calendars import database_now, home_region

TABLE = yaml.safe_load((Path(__file__).parents[1] / "authorisation.yaml").read_text(encoding="utf-8"))
PROCESS = SHIPPED_FOLDER / "processes" / "licence-review.bpmn"
ROLES: list[str] = TABLE["roles"]
#: What nobody may see who is refused.
CANARY = "金丝雀"
REFUSED = frozenset({"login", "401", "403", "404"})
WORDS = REFUSED | {"allow", "405", "unasked"}
SIGN_INS = frozenset({"/accounts/login/", "/admin/login/"})


@dataclass(frozen=True)
class Row:
    """One line of the table. place: a route, or a pattern of routes of one admin model. objects: parameter -> name."""

    place: str
    method: str
    objects: dict[str, str]
    outcomes: dict[str, str]

    def fits(self, route: str) -> bool:
        """Tell whether the line is about this route."""
        return route == self.place or ("*" in self.place and fnmatchcase(route, self.place))

    def outcome(self, role: str) -> str:
        """Return what a role must meet."""
        return self.outcomes.get(role, self.outcomes.get("default", "missing"))


def _rows() -> Iterator[Row]:
    for place, given in TABLE["addresses"].items():
        for one in given if isinstance(given, list) else [given]:
            line = {"as": one} if isinstance(one, str) else dict(one)
            outcomes = dict(TABLE["outcomes"][line.pop("as")]) if "as" in line else {}
            yield Row(
                place=str(place),
                method=line.pop("method", "get"),
                objects=line.pop("with", {}),
                outcomes={**outcomes, **{role: str(word) for role, word in line.items()}},
            )


def _model_rows() -> Iterator[Row]:
    """Return the lines of the administration's models; an object that does not exist leads back to the start page."""
    closed, back = TABLE["outcomes"]["closed-to-all"], TABLE["outcomes"]["administrators"]
    for model in TABLE["admin-models"]:
        place = f"admin/{model.replace('.', '/')}/"
        pages = {"": closed, "add/": closed, "<path:object_id>/change/": closed, "<path:object_id>/delete/": closed}
        pages |= {"<path:object_id>/": back, "<path:object_id>/history/": back}
        for page, outcomes in pages.items():
            yield Row(place=place + page, method="get", objects={}, outcomes=dict(outcomes))


ROWS = [*_rows(), *_model_rows()]


def routes(resolver: URLResolver | None = None, prefix: str = "") -> list[str]:
    """Return every route of the site."""
    found = []
    for one in (resolver or get_resolver()).url_patterns:
        place = prefix + str(one.pattern)
        found += [place] if isinstance(one, URLPattern) else routes(one, place)
    return found


def _people() -> dict[str, Any]:
    hall = HallFactory()
    people: dict[str, Any] = {"anonymous": None}
    people["citizen"] = PersonFactory(name=f"李{CANARY}").user
    people["other"] = PersonFactory().user
    people["clerk"] = MembershipFactory(department=None, window=WindowFactory(hall=hall), role=Role.CLERK).user
    for role in (Role.HANDLER, Role.CHECKER, Role.APPROVER, Role.HEAD):
        people[role.value] = MembershipFactory(department__code="SCJG", role=role).user
    people["other_handler"] = MembershipFactory(department__code="XF", role=Role.HANDLER).user
    for role in (Role.MANAGER, Role.AUDITOR, Role.DESIGNER, Role.ADMIN):
        people[role.value] = MembershipFactory(department__code="ZWB", role=role).user
    people["admin"].is_staff = True
    people["admin"].save()
    return people


def make_world() -> dict[str, Any]:
    """Return the people by their role, and the objects by the names that the table calls them."""
    people = _people()
    citizen = people["citizen"]
    publish_process(source=PROCESS.read_bytes(), at=FILED_AT)
    # "other" is asked to sign with the citizen: nobody else sees what she is asked.
    signers = [
        {"role": "partner", "name": {"zh": "合伙人", "en": "Partner"}, "basis": {"zh": "条", "en": "art."},
         "fields": {"name": "person.former_name"}}
    ]  # fmt: skip
    service = published_service(
        item__code="food-licence",
        item__department__code="SCJG",
        form={"uses": ["person.name"], "signers": signers},
        materials=[{"code": "layout-plan"}],
    )
    case = open_case(service, number=f"C-{CANARY}")
    load_national_calendar(region=home_region(), at=FILED_AT)
    application = case.application
    Application.objects.filter(pk=application.pk).update(
        party_id=citizen.person.pk, filed_by=citizen, number=f"A-{CANARY}"
    )
    draft = ApplicationFactory(
        person=citizen.person, service=service, state=ApplicationState.DRAFT, number=None, submitted_at=None, run=None
    )
    draft.answers = {"person.former_name": people["other"].person.name}
    draft.save()
    invitation = draft.invitations.create(
        slot=signers_wanted(draft)[1].key, role_zh="合伙人", role_en="Partner", name=people["other"].person.name,
        code="SIGN", code_hash=hash_of_code("SIGN"), invited_by=citizen, invited_at=FILED_AT,
        expires_at=datetime(2100, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    offer = MandateOffer.objects.create(
        person=citizen.person, name=people["other"].person.name, matter=CANARY, scopes=["fill"], code="OFFER",
        code_hash=hash_of_code("OFFER"), offered_by=citizen, offered_at=FILED_AT, valid_from=FILED_AT,
        valid_until=datetime(2100, 1, 1, tzinfo=UTC), expires_at=datetime(2100, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    waiting = CaseFactory(
        application=ApplicationFactory(person=citizen.person, service=service), state=CaseState.SUPPLEMENT
    )
    one_time = waiting.application.notices.create(number=1, cause=ReleaseCause.ALL_JUDGED, released_at=FILED_AT)
    waiting.supplements.create(notice=one_time, round=1, items=[], asked_by=people["clerk"], asked_at=FILED_AT)
    supplement = open_task(waiting, node="supplement", role="applicant", department="")
    asked = case.requests.create(number=1, text="?", asked_by=people["handler"], asked_at=FILED_AT)
    no_answer = open_task(waiting, node="no_answer", role="clerk", department="ZWB", outcomes=["wait_again", "close"])
    intake = open_task(case, node="intake", role="clerk", department="ZWB", outcomes=["accept"])
    handle = open_task(case)
    ready = open_task(case, node="premises_ready", role="applicant", department="", outcomes=["ready"])
    subject = ("application", str(application.pk))
    upload = make_upload(subject_kind=subject[0], subject_id=subject[1], by=citizen)
    paper = make_paper(department="SCJG", subject=("case", str(case.pk)))
    done = ApplicationFactory(person=citizen.person, service=service)
    issued = CaseFactory(application=done, state=CaseState.GRANTED, decided_at=FILED_AT, issued_at=FILED_AT)
    certificate = make_paper("certificate", department="SCJG", subject=("case", str(issued.pk)))
    shared = {"paper": certificate, "party_kind": "person", "party_id": citizen.person.pk, "by": citizen}
    share, share_code = share_paper(**shared, purpose=CANARY, hours=24 * 30, at=database_now())
    job = Job.objects.create(
        run=case.run, root=application.run, node="issue", round=1, action="cases.issue_result",
        state=JobState.INCIDENT, next_attempt_at=FILED_AT, queued_at=FILED_AT,
    )  # fmt: skip
    return {
        "people": people,
        "objects": {
            "application": application.public_id,
            "draft": draft.public_id,
            "invitation": invitation.public_id,
            "offer": offer.public_id,
            "offer_code": "OFFER",
            "mandate": MandateFactory(person=citizen.person).public_id,
            "sign_code": "SIGN",
            "case": case.public_id,
            "waiting": waiting.public_id,
            "asked": asked.public_id,
            "intake": intake.pk,
            "handle": handle.pk,
            "ready": ready.pk,
            "supplement": supplement.pk,
            "no_answer": no_answer.pk,
            "upload": upload.public_id,
            "in_draft": "draft",
            "material": "layout-plan",
            "part": make_partial(draft, by=citizen).public_id,
            "paper": paper.public_id,
            "verify_code": paper.verify_code,
            "certificate": certificate.public_id,
            "share": share.public_id,
            "share_code": share_code,
            "person": citizen.person.public_id,
            "service": service.code,
            "listed_item": make_listed_item().code,
            "bundle": published_bundle(parts=[{"service": service.item}], bundle__code="shop").code,
            "section": form_of(draft).sections[0].key,
            "job": job.pk,
            "order": make_order(case).number,
            "card": make_card(case).pk,
            "rules": load_rules(rules=shipped_rules(), at=FILED_AT).number,
            "rule": "red_order",
            "notice": NoticeFactory(dead=True, recipient=citizen).pk,
            "user": citizen.pk,
            "region": "CN-410100",
            "nation": "CN",
            "holiday": "2026-10-01",
            "fee": make_fee(case).public_id,
            "difference": make_difference().pk,
            "rating": make_rating(case, number=2, by=citizen, closed=True).public_id,
            "visit": make_visit(case, clerk=people["clerk"]).code,
            "nobody": 999999,
        },
    }


def _address(route: str, row: Row, objects: dict[str, Any]) -> str:
    """Return the route with the line's objects in place of its parameters; a route that is an expression has `path`."""
    if "path" in row.objects:
        return row.objects["path"].format(**objects)
    address = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(objects[row.objects.get(found[1], "nobody")]), route)
    assert not set("<(^") & set(address), f"{route} needs `with: {{path: …}}` in the table."
    return f"/{address}"


def addresses(objects: dict[str, Any]) -> list[tuple[Row, str]]:
    """Return every line of the table for every route it is about, with the address that is asked for."""
    return [(row, _address(route, row, objects)) for route in routes() for row in ROWS if row.fits(route)]


def session_of(person: Any) -> str:
    """Return the key of a session of somebody who is signed in, "" for nobody."""
    if person is None:
        return ""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session  # as after a first page: otherwise every request that is undone would note it anew
    session[STARTED] = session[SEEN] = time.time()
    session.save()
    return client.cookies[settings.SESSION_COOKIE_NAME].value
