"""Persons and organisations, departments and halls, posts, mandates."""

from services.parties.models.acting import Act, Guardianship, MandateOffer
from services.parties.models.departments import Department, Hall, Window
from services.parties.models.mandates import Mandate
from services.parties.models.parties import Organisation, Person
from services.parties.models.posts import Membership

__all__ = [
    "Act",
    "Department",
    "Guardianship",
    "Hall",
    "Mandate",
    "MandateOffer",
    "Membership",
    "Organisation",
    "Person",
    "Window",
]
