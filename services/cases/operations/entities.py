"""Who the results are for: the new entity after registration, or the holder of a licence that was verified."""

from __future__ import annotations

from datetime import datetime

from services.cases.enums import CaseState
from services.cases.models import Application
from services.cases.operations.people import ask_to_pass_mandates
from services.exchange.enums import Outcome
from services.exchange.operations import verify_business_licence
from services.parties.enums import OrganisationKind, OrganisationSource
from services.parties.models import Organisation, Person
from services.parties.operations import register_organisation
from services.parties.queries import party
from services.parties.references import PartyRef

#: Parts whose result is a new entity, with the code the register gave it.
REGISTERING_PARTS = frozenset({"business-licence", "company-registration"})


class NoOutsideNumberError(Exception):
    """The registration has no number from the registry: a USCC is never invented here."""


def adopt_entity(application: Application, *, at: datetime) -> None:
    """Make the newly registered entity the applicant of everything that follows (domain, §0.3). Twice is once.

    The name comes from the form, the USCC from the registry's recorded result. Effects: the organisation, and the
    application's holder. Raises NoOutsideNumberError.
    """
    case = application.cases.filter(part__in=REGISTERING_PARTS).first()
    if case is None or not case.outside_number:
        raise NoOutsideNumberError("The registry's number was not recorded.")
    representative = party(application.party)
    organisation = Organisation.objects.filter(uscc=case.outside_number).first()
    if organisation is None:
        if isinstance(representative, Organisation):
            representative = representative.legal_representative
        individual = application.situation.get("organisation_kind") == "individual"
        organisation = register_organisation(
            name=application.answers["organisation.name"],
            uscc=case.outside_number,
            kind=OrganisationKind.INDIVIDUAL_BUSINESS if individual else OrganisationKind.COMPANY,
            legal_representative=representative,
            premises_address=str(application.answers.get("premises.address", "")),
            registered_on=case.outside_decided_on,
            source=OrganisationSource.CASE,
            by=application.filed_by,
            at=at,
        )
        ask_to_pass_mandates(person=representative, to=organisation.ref, at=at)
    application.holder_kind, application.holder_id = "organisation", organisation.pk
    application.save(update_fields=["holder_kind", "holder_id"])


def verify_licence(application: Application, *, at: datetime) -> str:
    """Ask the business registry whether the licence the applicant holds is real and hers.

    Returns "verified", "mismatch" or "unavailable"; a source that does not answer never blocks: the window looks at
    the original instead. Effects: the call is logged; a verified holder becomes the holder of the results.
    """
    applicant = party(application.party)
    uscc = str(application.answers.get("organisation.uscc", ""))
    name = applicant.legal_representative.name if isinstance(applicant, Organisation) else applicant.name
    check = verify_business_licence(
        uscc=uscc,
        legal_representative=name,
        subject_kind="application",
        subject_id=str(application.pk),
        by=application.filed_by,
        at=at,
    )
    if check.outcome == Outcome.UNAVAILABLE:
        return "unavailable"
    if not (check.found and check.matches):
        return "mismatch"
    _hold(application, applicant, uscc, check.name, at=at)
    return "verified"


def note_licence_check(application: Application, outcome: str, *, reasons: str, at: datetime) -> None:
    """Keep what the window found when it looked at the original of a licence the register did not confirm.

    confirmed: the licensed business holds the results, marked as declared. Otherwise the reasons stay with the cases
    that end for want of it.
    """
    if outcome == "confirmed":
        uscc = str(application.answers.get("organisation.uscc", ""))
        name = str(application.answers.get("organisation.name", ""))
        _hold(application, party(application.party), uscc, name, at=at, source=OrganisationSource.DECLARED)
    elif reasons:
        application.cases.filter(state=CaseState.PLANNED).update(end_reason_zh=reasons, end_reason_en=reasons)


def _hold(
    application: Application,
    applicant: Person | Organisation,
    uscc: str,
    name: str,
    *,
    at: datetime,
    source: OrganisationSource = OrganisationSource.REGISTRY,
) -> None:
    organisation = applicant if isinstance(applicant, Organisation) and applicant.uscc == uscc else None
    organisation = organisation or Organisation.objects.filter(uscc=uscc).first()
    if organisation is None and isinstance(applicant, Person):
        organisation = register_organisation(
            name=name,
            uscc=uscc,
            kind=OrganisationKind.COMPANY,
            legal_representative=applicant,
            source=source,
            by=application.filed_by,
            at=at,
        )
    if organisation is not None:
        reference = PartyRef("organisation", organisation.pk)
        Application.objects.filter(pk=application.pk).update(holder_kind=reference.kind, holder_id=reference.id)
