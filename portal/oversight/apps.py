"""Django's entry for portal.oversight."""

from django.apps import AppConfig


class OversightConfig(AppConfig):
    """The oversight door."""

    name = "portal.oversight"
    label = "portal_oversight"
