"""Django's entry for services.ratings."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class RatingsConfig(AppConfig):
    """Satisfaction ratings and what is done about bad ones."""

    name = "services.ratings"
    label = "ratings"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Ratings"

    def ready(self) -> None:
        """Listen to what the workflows tell."""
        receivers = import_module("services.ratings.receivers")
        signals = import_module("workflows.signals")
        signals.effects_committed.connect(receivers.follow, dispatch_uid="services.ratings")
