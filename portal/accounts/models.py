"""The person at the keyboard. Who she is to the government stands in services.parties."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A sign-in. `language` is the one she reads messages in ("zh-hans" or "en").

    `name` is what colleagues and papers show. Raising `session_generation` ends every session at once and for good.
    `notice_settings` is read and written by services.notifications.
    """

    class Language(models.TextChoices):
        CHINESE = "zh-hans", "简体中文"
        ENGLISH = "en", "English"

    name = models.CharField(_("name"), max_length=100, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=Language, default=Language.CHINESE)
    large_text = models.BooleanField(_("large text"), default=False)
    notice_settings = models.JSONField(_("settings of messages"), default=dict, blank=True, editable=False)
    session_generation = models.PositiveIntegerField(default=0, editable=False)

    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    def get_full_name(self) -> str:
        """Return the name, or the sign-in of somebody who has none yet."""
        return self.name or self.username

    def get_short_name(self) -> str:
        """Return the same: a Chinese name has no short form that suits an office."""
        return self.get_full_name()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Tie sessions to the generation too, beside the password as Django does."""
        fingerprint = f"{self.password}|{self.session_generation}"
        return salted_hmac("portal.accounts.session", fingerprint, secret=secret, algorithm="sha256").hexdigest()
