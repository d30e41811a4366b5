"""Django's entry for services.supervision."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class SupervisionConfig(AppConfig):
    """Warnings, cards and supervision orders."""

    name = "services.supervision"
    label = "supervision"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Supervision"

    def ready(self) -> None:
        """Register what may follow when a clock reaches a threshold."""
        import_module("services.supervision.consequences")
