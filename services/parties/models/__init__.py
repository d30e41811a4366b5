"""Persons and organisations, departments and halls, posts, mandates."""

from services.parties.models.departments import Department, Hall, Window
from services.parties.models.mandates import Mandate
from services.parties.models.parties import Organisation, Person
from services.parties.models.posts import Membership

__all__ = ["Department", "Hall", "Mandate", "Membership", "Organisation", "Person", "Window"]
