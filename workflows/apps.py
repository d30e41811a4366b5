"""Django's entry for the workflows."""

from importlib import import_module

from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    """How a case moves, and by when."""

    name = "workflows"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Workflows"

    def ready(self) -> None:
        """Register the action that every process may name: asking a decision table."""
        import_module("workflows.operations.decisions")
