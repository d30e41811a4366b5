"""An application's rows joined with what this process keeps of the catalogue, and which rare facts it has."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial

from services.cases.models import Application, Case
from services.cases.queries.forms import form_of, services_of
from services.catalogue.keeping import kept_for
from services.catalogue.models import BundlePart, BundleVersion, ServiceVersion
from services.forms.schema import FormSchema
from services.parties.models import Department
from services.parties.queries import departments
from workflows.clocks import WorkingCalendar
from workflows.models import CalendarVersion, Clock
from workflows.queries.calendars import calendar_for
from workflows.queries.together import Asked, Question, Sentence

#: Facts that most applications have none of. One statement tells which are worth a query of their own.
#: key: of the application, root: of its run.
_RARE: Mapping[str, str] = {
    "holds": "cases_hold where application_id = %(key)s",
    "withdrawals": "cases_withdrawal where application_id = %(key)s",
    "requests": "cases_informationrequest r join cases_case c on c.id = r.case_id where c.application_id = %(key)s",
    "deferrals": "cases_deferral d join cases_case c on c.id = d.case_id where c.application_id = %(key)s",
    "pauses": "workflows_clockpause p join workflows_clock k on k.id = p.clock_id where k.root_id = %(root)s",
    "recomputations": "workflows_clockrecomputation n join workflows_clock k on k.id = n.clock_id"
    " where k.root_id = %(root)s",
    "extension": "workflows_clockextension e join workflows_clock k on k.id = e.clock_id where k.root_id = %(root)s",
    "papers": "documents_paper where (subject_kind, subject_id) in (select 'application', %(key)s::text"
    " union all select 'case', id::text from cases_case where application_id = %(key)s)",
}
_SOME: Sentence[tuple[bool, ...]] = Sentence(
    "select " + ", ".join(f"exists (select from {there})" for there in _RARE.values())  # noqa: S608 - constants
)
_CASES: Question[Case] = Question(lambda key: Case.objects.filter(application_id=key).order_by("position"))


def some_rare_facts(application: Application) -> Asked[tuple[bool, ...]]:
    """Ask which of `RARE` an application has: for `rare_facts_in`."""
    return _SOME.about(key=application.pk, root=application.run_id)


def rare_facts_in(rows: Sequence[tuple[bool, ...]]) -> frozenset[str]:
    """Return which of `RARE` there are."""
    return frozenset(name for name, there in zip(_RARE, rows[0], strict=True) if there)


#: Everything: for who does not want to ask first.
RARE = frozenset(_RARE)


def kept_departments(edition: str) -> Mapping[int, Department]:
    """Return every department by its key, in the order of lists."""
    return kept_for(edition, "departments", lambda: {one.pk: one for one in departments()})


def kept_calendar(edition: str, region: str | None = None) -> WorkingCalendar:
    """Return a region's calendar as it stands now; the home region's when none is named."""
    return kept_for(edition, ("calendar", region), lambda: calendar_for(region))


def kept_versions(edition: str, ids: Collection[int]) -> Mapping[int, ServiceVersion]:
    """Return versions of services with their items and questions, by key: those of one application."""
    wanted = tuple(sorted(set(ids)))

    def read() -> Mapping[int, ServiceVersion]:
        return ServiceVersion.objects.select_related("item").prefetch_related("questions").in_bulk(wanted)

    return kept_for(edition, ("versions", wanted), read)


def kept_bundle(edition: str, key: int) -> BundleVersion:
    """Return a version of a bundle with the bundle itself and its questions."""
    rows = BundleVersion.objects.select_related("bundle").prefetch_related("questions")
    return kept_for(edition, ("bundle", key), lambda: rows.get(pk=key))


def kept_parts(edition: str, bundle: int) -> list[BundlePart]:
    """Return the parts of a version of a bundle."""
    return kept_for(edition, ("parts", bundle), lambda: list(BundlePart.objects.filter(bundle_version_id=bundle)))


def with_kept_offer(application: Application, edition: str) -> Application:
    """Give an application that was read alone what it is about."""
    if application.bundle_id is not None:
        application.bundle = kept_bundle(edition, application.bundle_id)
    if application.service_id is not None:
        application.service = kept_versions(edition, [application.service_id])[application.service_id]
    return application


def kept_form_of(application: Application, edition: str) -> FormSchema:
    """Return `form_of`, made once per offer and situation."""
    return kept_for(edition, ("form", *_asked_for(application)), lambda: form_of(application))


def kept_services_of(application: Application, edition: str) -> list[ServiceVersion]:
    """Return `services_of`, found once per offer and situation."""
    return kept_for(edition, ("services", *_asked_for(application)), lambda: services_of(application))


def _asked_for(application: Application) -> tuple[object, ...]:
    situation = json.dumps(application.situation, sort_keys=True, default=str)
    return application.bundle_id, application.service_id, situation


def cases_alone(application: Application) -> Asked[Case]:
    """Ask for an application's cases, in order: for `with_kept_services`."""
    return _CASES.about(application.pk)


def with_kept_services(cases: Sequence[Case], application: Application, edition: str) -> Sequence[Case]:
    """Give an application's cases their services and departments."""
    versions = kept_versions(edition, [case.service_id for case in cases])
    bodies = kept_departments(edition)
    for case in cases:
        case.application = application
        case.service, case.department = versions[case.service_id], bodies[case.department_id]
    return cases


def with_kept_calendar(clocks: Iterable[Clock], edition: str) -> None:
    """Give limits the version of the calendar they were computed by."""
    for clock in clocks:
        key = clock.calendar_version_id
        if key is not None:
            clock.calendar_version = kept_for(edition, ("calendar version", key), partial(_calendar_version, key))


def _calendar_version(key: int) -> CalendarVersion:
    return CalendarVersion.objects.select_related("region").get(pk=key)
