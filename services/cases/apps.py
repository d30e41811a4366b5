"""Django's entry for services.cases."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Applications and their cases."""

    name = "services.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Applications and their cases"

    def ready(self) -> None:
        """Register the actions of service tasks and what follows thresholds, and listen to what the workflows tell."""
        import_module("services.cases.actions")
        import_module("services.cases.consequences")
        receivers = import_module("services.cases.receivers")
        signals = import_module("workflows.signals")
        signals.effects_committed.connect(receivers.follow, dispatch_uid="services.cases")
        signals.due_days_moved.connect(receivers.move_dates, dispatch_uid="services.cases")
