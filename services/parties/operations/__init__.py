"""What is done to people, organisations, posts and mandates."""

from services.parties.operations.loading import load_departments, load_people
from services.parties.operations.mandates import MandateRefusedError, grant_mandate, revoke_mandate
from services.parties.operations.organisations import (
    OrganisationAlreadyRegisteredError,
    change_legal_representative,
    register_organisation,
)
from services.parties.operations.persons import (
    LookupLimitError,
    PersonAlreadyRegisteredError,
    change_contact,
    connect_user,
    find_person,
    register_person,
    reindex_persons,
    reveal_id_number,
)
from services.parties.operations.posts import AppointmentRefusedError, appoint, end_appointment

__all__ = [
    "AppointmentRefusedError",
    "LookupLimitError",
    "MandateRefusedError",
    "OrganisationAlreadyRegisteredError",
    "PersonAlreadyRegisteredError",
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
    "reindex_persons",
    "reveal_id_number",
    "revoke_mandate",
]
