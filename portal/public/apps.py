"""Django's entry for portal.public."""

from django.apps import AppConfig


class PublicConfig(AppConfig):
    """The public door."""

    name = "portal.public"
    label = "portal_public"
