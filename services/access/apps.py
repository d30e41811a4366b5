"""Django's entry for services.access."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Who read whose data, when and why; and the keys that protect it"""

    name = "services.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Who read whose data, when and why; and the keys that protect it"
