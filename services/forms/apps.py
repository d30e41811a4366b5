"""Django's entry for services.forms."""

from pathlib import Path

from django.apps import AppConfig
from django.conf import settings


class FormsConfig(AppConfig):
    """What each service asks"""

    name = "services.forms"
    label = "service_forms"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "What each service asks"

    def ready(self) -> None:
        """Take the city's own list of divisions, where one is set."""
        from services.forms.places import use_file

        path = getattr(settings, "DIVISIONS_FILE", "")
        use_file(Path(path) if path else None)
