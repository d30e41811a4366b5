"""Django's entry for portal.ui."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Template tags, layouts and middleware that know no domain."""

    name = "portal.ui"
    label = "portal_ui"
