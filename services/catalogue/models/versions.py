"""What every published version has in common, and the guard that keeps it as it was published."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from services.catalogue.enums import VersionState


class PublishedVersionError(ValidationError):
    """A published version is kept as it is; publish a new version instead."""

    def __init__(self) -> None:
        """Say it in one sentence."""
        super().__init__(_("A published version is kept as it is; publish a new version instead."))


class Version(models.Model):
    """A numbered state of an item or bundle. Cases point at it, so once published only its state may change.

    The database refuses other changes too (triggers in migration 0002).
    """

    number = models.PositiveIntegerField(_("version"))
    state = models.CharField(_("state"), max_length=1, choices=VersionState.choices, default=VersionState.DRAFT)
    checksum = models.CharField(_("checksum of the content"), max_length=64)
    name_zh = models.CharField(_("name in Chinese"), max_length=300)
    name_en = models.CharField(_("name in English"), max_length=300)
    summary_zh = models.TextField(_("summary in Chinese"))
    summary_en = models.TextField(_("summary in English"))
    process_key = models.SlugField(_("process"), max_length=80)
    form = models.JSONField(_("form"), default=dict)
    demo_values = ArrayField(
        models.CharField(max_length=60), verbose_name=_("values not verified"), default=list, blank=True
    )
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    LIFE: ClassVar[frozenset[str]] = frozenset({"state", "retired_at"})

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Store a draft; of a published version store only `state` and `retired_at`.

        Raises:
            PublishedVersionError: anything else of a published version would be written.
        """
        fields = None if update_fields is None else set(update_fields)
        if self.pk and not (fields and fields <= self.LIFE):
            stored = type(self)._default_manager.filter(pk=self.pk).values_list("state", flat=True).first()
            if stored not in (None, VersionState.DRAFT):
                raise PublishedVersionError
        super().save(*args, update_fields=fields, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete a draft.

        Raises:
            PublishedVersionError: the version was published once.
        """
        if self.state != VersionState.DRAFT:
            raise PublishedVersionError
        return super().delete(*args, **kwargs)

    def is_demo(self, field: str) -> bool:
        """Tell whether the named field holds a demo value nobody verified."""
        return field in self.demo_values
