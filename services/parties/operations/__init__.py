"""What is done to people, organisations, posts and mandates."""

from services.parties.operations.loading import load_departments, load_people
from services.parties.operations.mandates import MandateRefused, grant_mandate, revoke_mandate
from services.parties.operations.organisations import (
    OrganisationAlreadyRegistered,
    change_legal_representative,
    register_organisation,
)
from services.parties.operations.persons import (
    LookupLimitReached,
    PersonAlreadyRegistered,
    change_contact,
    connect_user,
    find_person,
    register_person,
    reveal_id_number,
)
from services.parties.operations.posts import AppointmentRefused, appoint, end_appointment

__all__ = [
    "AppointmentRefused",
    "LookupLimitReached",
    "MandateRefused",
    "OrganisationAlreadyRegistered",
    "PersonAlreadyRegistered",
    "appoint",
    "change_contact",
    "change_legal_representative",
    "connect_user",
    "end_appointment",
    "find_person",
    "grant_mandate",
    "load_departments",
    "load_people",
    "register_organisation",
    "register_person",
    "reveal_id_number",
    "revoke_mandate",
]
