"""Django's entry for services.notifications."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Messages owed and sent"""

    name = "services.notifications"
    label = "notifications"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Messages owed and sent"
