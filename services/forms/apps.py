"""Django's entry for services.forms."""

from django.apps import AppConfig


class FormsConfig(AppConfig):
    """What each service asks"""

    name = "services.forms"
    label = "service_forms"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "What each service asks"
