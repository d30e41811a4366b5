"""Who read whose personal data, when and why."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class AccessLog(models.Model):
    """One reading of one subject's personal data, or a refused attempt.

    The database refuses to change or delete a row (migration 0002). No personal data stands in it: the subject is named
    by kind and id, the data by their field names.
    """

    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("reader")
    )
    subject_kind = models.CharField(_("kind of subject"), max_length=40)
    subject_id = models.CharField(_("subject"), max_length=64)
    fields = ArrayField(models.CharField(max_length=80), verbose_name=_("fields"))
    purpose = models.CharField(_("purpose"), max_length=200)
    case_ref = models.CharField(_("case"), max_length=64, blank=True)
    at = models.DateTimeField(_("time"))
    allowed = models.BooleanField(_("allowed"), default=True)

    class Meta:
        verbose_name = _("access to personal data")
        verbose_name_plural = _("accesses to personal data")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "-at"], name="access_by_subject"),
            models.Index(fields=["reader", "-at"], name="access_by_reader"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(purpose=""),
                name="access_has_purpose",
                violation_error_message=_("Say why the data is read."),
            ),
        ]
