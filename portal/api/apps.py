"""Django's entry for the API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The API door: its tokens and idempotency keys are its only models."""

    name = "portal.api"
    label = "portal_api"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the schema how callers sign in."""
        from portal.api import schema  # noqa: F401
