"""Django's entry for portal.applicant."""

from django.apps import AppConfig


class ApplicantConfig(AppConfig):
    """The applicant door."""

    name = "portal.applicant"
    label = "portal_applicant"
