"""Django's entry for services.exchange."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """Data shared between departments"""

    name = "services.exchange"
    label = "exchange"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Data shared between departments"
