"""Django's entry for services.parties."""

from django.apps import AppConfig


class PartiesConfig(AppConfig):
    """Persons, organisations, departments, memberships and mandates"""

    name = "services.parties"
    label = "parties"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Persons, organisations, departments, memberships and mandates"
