"""Django's entry for the workflows."""

from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    """How a case moves, and by when."""

    name = "workflows"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Workflows"
