"""Django's entry for services.parties."""

from importlib import import_module

from django.apps import AppConfig


class PartiesConfig(AppConfig):
    """Persons, organisations, departments, memberships and mandates"""

    name = "services.parties"
    label = "parties"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Persons, organisations, departments, memberships and mandates"

    def ready(self) -> None:
        """Tell the workflows which posts there are: a process whose task nobody would see is not published."""
        import_module("workflows.staffing").register_posts(import_module("services.parties.queries").posts_held)
