"""Django's entry for services.exchange."""

from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register


class ExchangeConfig(AppConfig):
    """Data shared between departments"""

    name = "services.exchange"
    label = "exchange"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Data shared between departments"

    def ready(self) -> None:
        """Stop a start with a wrong description of the registers."""
        register(check_sources)


def check_sources(**_kwargs: Any) -> list[CheckMessage]:
    """Report every fault in the description of the registers."""
    from services.exchange.description import shipped_faults

    hint = "See the head of services/exchange/data/sources.yaml."
    return [Error(fault, hint=hint, id="exchange.E001") for fault in shipped_faults()]
