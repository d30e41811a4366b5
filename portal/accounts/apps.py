"""Django's entry for the accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The user, sign-in and sessions."""

    name = "portal.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to sign-ins, and bring administrators in by the same door as everybody."""
        from allauth.account.decorators import secure_admin_login
        from django.contrib import admin

        from portal.accounts import receivers  # noqa: F401

        admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
