"""Applications and cases with their runs, tasks and clocks, made directly where the way there does not matter."""

from __future__ import annotations

from typing import Any

import factory

from services.cases.enums import ApplicationState, CaseState
from services.cases.models import Application, Case
from services.catalogue.models import ServiceVersion
from services.catalogue.queries import SHIPPED_FOLDER
from tests.factories.accounts import UserFactory
from tests.factories.catalogue import published_service
from tests.factories.clocks import ProcessDefinitionFactory, RunFactory, at, running_clock
from tests.factories.parties import PersonFactory
from workflows.models import ProcessDefinition, Task

FILED_AT = at("2026-03-02 09:30")
DRAWING = (SHIPPED_FOLDER / "processes" / "licence-review.bpmn").read_text(encoding="utf-8")


def drawn() -> ProcessDefinition:
    """Return the definition that cases made here run by: pages show the names of its steps."""
    known = ProcessDefinition.objects.filter(key="drawn-for-cases").first()
    return known or ProcessDefinitionFactory.create(key="drawn-for-cases", source=DRAWING)


class ApplicationFactory(factory.django.DjangoModelFactory[Application]):
    """A person's submitted application for one service; `person=` who applies."""

    class Meta:
        model = Application
        exclude = ("person",)

    person = factory.SubFactory(PersonFactory)
    number = factory.Sequence(lambda number: f"A2026-{number:06d}")
    service = factory.LazyFunction(published_service)
    party_kind = "person"
    party_id = factory.LazyAttribute(lambda application: application.person.pk)
    filed_by = factory.LazyAttribute(lambda application: application.person.user or UserFactory.create())
    state = ApplicationState.SUBMITTED
    run = factory.SubFactory(RunFactory, definition=factory.LazyFunction(drawn))
    created_at = FILED_AT
    changed_at = FILED_AT
    submitted_at = FILED_AT


class CaseFactory(factory.django.DjangoModelFactory[Case]):
    """An accepted case of its own application, in the department of its service, without a clock."""

    class Meta:
        model = Case
        skip_postgeneration_save = True

    application = factory.SubFactory(ApplicationFactory)
    number = factory.Sequence(lambda number: f"C2026-{number:06d}")
    part = factory.Sequence(lambda number: f"part-{number}")
    service = factory.SelfAttribute("application.service")
    department = factory.SelfAttribute("service.item.department")
    state = CaseState.ACCEPTED
    run = factory.LazyAttribute(
        lambda case: RunFactory.create(
            definition=drawn(), root=case.application.run, parent=case.application.run, parent_node=case.part
        )
    )
    filed_at = FILED_AT
    accepted_at = FILED_AT

    @factory.post_generation
    def run_is_about_it(self: Case, create: bool, extracted: object, **_more: object) -> None:  # type: ignore[misc]
        """Point the run at its case, whose id is known only now."""
        assert self.run is not None
        self.run.subject_kind, self.run.subject_id = "case", str(self.pk)
        self.run.save(update_fields=["subject_kind", "subject_id"])


def open_case(
    service: ServiceVersion, *, started: str = "2026-03-02 09:30", days: int = 5, law_days: int = 20, **values: Any
) -> Case:
    """Return an accepted case of a service whose promise of `days` working days runs since `started`."""
    case: Case = CaseFactory.create(application=ApplicationFactory.create(service=service), **values)
    about = {"subject_kind": "case", "subject_id": str(case.pk), "department": case.department.code, "started": started}
    running_clock(case.application.run, kind="promised", limit_amount=days, **about)
    running_clock(case.application.run, kind="statutory", limit_amount=law_days, **about)
    return case


def open_task(case: Case, *, role: str = "handler", node: str = "handle", **values: Any) -> Task:
    """Return an open task of a case's department, as the process would have opened it."""
    words = {"name_zh": "承办审查", "name_en": "Handling review", "outcomes": ["recommend_grant", "recommend_refuse"]}
    return Task.objects.create(
        **{
            "run": case.run,
            "root": case.application.run,
            "subject_kind": "case",
            "subject_id": str(case.pk),
            "node": node,
            "round": 1,
            "department": case.department.code,
            "role": role,
            "opened_at": FILED_AT,
            **words,
            **values,
        }
    )
