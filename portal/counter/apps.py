"""Django's entry for portal.counter."""

from django.apps import AppConfig


class CounterConfig(AppConfig):
    """The counter door."""

    name = "portal.counter"
    label = "portal_counter"
