"""Django's entry for services.access."""

from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured


class AccessConfig(AppConfig):
    """Who read whose data, when and why"""

    name = "services.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Access to personal data"

    def ready(self) -> None:
        """Stop a start without encryption keys."""
        register(check_keys)


def check_keys(**_kwargs: Any) -> list[CheckMessage]:
    """Report missing or malformed encryption keys before the first personal datum is written."""
    from services.access.encryption import read_keyring

    try:
        read_keyring()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="See docs/people.md, Keys.", id="access.E001")]
    return []
