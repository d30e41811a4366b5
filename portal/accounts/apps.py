"""Django's entry for the accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The user, sign-in and sessions."""

    name = "portal.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
