"""Django's entry for portal.desk."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """The desk door."""

    name = "portal.desk"
    label = "portal_desk"
