"""Django's entry for the portal itself, which owns the commands that span several apps."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The portal."""

    name = "portal"
    label = "portal"
