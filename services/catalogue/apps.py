"""Django's entry for services.catalogue."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """What the government offers"""

    name = "services.catalogue"
    label = "catalogue"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "What the government offers"
