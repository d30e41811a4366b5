"""Who holds which post, from when to when."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from services.parties.enums import Role
from services.parties.models.departments import Department, Window


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Appointments."""

    def in_force(self, at: datetime) -> MembershipQuerySet:
        """Keep those whose period, begin included and end excluded, holds `at`."""
        return self.filter(models.Q(until=None) | models.Q(until__gt=at), since__lte=at)


class Membership(models.Model):
    """An appointment of a user to a post of a department, or as clerk to a window. Ended, never deleted."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships", verbose_name=_("user")
    )
    department = models.ForeignKey(
        Department,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="memberships",
        verbose_name=_("department"),
    )
    window = models.ForeignKey(
        Window, on_delete=models.PROTECT, null=True, blank=True, related_name="memberships", verbose_name=_("window")
    )
    role = models.CharField(_("role"), max_length=12, choices=Role)
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"), null=True, blank=True)
    appointed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        ordering = ["user", "since"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(department=None, window__isnull=False, role=Role.CLERK)
                | models.Q(department__isnull=False, window=None),
                name="membership_of_department_or_window",
                violation_error_message=_("Appoint to a department, or as clerk to a window."),
            ),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gt=models.F("since")),
                name="membership_ends_after_it_begins",
                violation_error_message=_("An appointment must end after it begins."),
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values),
                name="membership_role_is_known",
                violation_error_message=_("Choose a role."),
            ),
            models.UniqueConstraint(
                fields=["user", "department", "window", "role"],
                condition=models.Q(until=None),
                nulls_distinct=False,
                name="membership_is_held_once",
                violation_error_message=_("This person already holds this post."),
            ),
        ]

    def __str__(self) -> str:
        """Return sign-in, role and place."""
        return f"{self.user}: {self.role}, {self.department or self.window}"
