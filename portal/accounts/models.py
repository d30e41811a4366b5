"""The person at the keyboard. Who she is to the government stands in services.parties."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A sign-in. `language` is the one she reads messages in ("zh-hans" or "en")."""

    class Language(models.TextChoices):
        CHINESE = "zh-hans", "简体中文"
        ENGLISH = "en", "English"

    language = models.CharField(max_length=10, choices=Language, default=Language.CHINESE)
    large_text = models.BooleanField(default=False)

    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]
