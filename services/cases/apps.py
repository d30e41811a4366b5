"""Django's entry for services.cases."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Applications and their cases"""

    name = "services.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Applications and their cases"
