"""Ratings (好差评), what was done about bad ones, and visits that can be rated."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from services.access.encryption import EncryptedJSONField
from services.cases.models import Case
from services.ratings.enums import BAD, Channel, Ground, Level, Stage
from services.ratings.labels import Label, all_labels


def new_public_id() -> str:
    """Return an unguessable id for addresses."""
    return secrets.token_urlsafe(12)


class Visit(models.Model):
    """One visit at the counter that its visitor may rate once, on the tablet that shows its code, on the same day."""

    code = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="rated_visits")
    clerk = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()

    #: A code left on the tablet is of no use to the next visitor.
    LASTS = timedelta(hours=2)

    class Meta:
        ordering = ["opened_at", "id"]

    def __str__(self) -> str:
        return f"visit of case {self.case_id}"


class Rating(models.Model):
    """What somebody thought of a closed case, or of one visit at the counter.

    visit: None for the case. number: 1, and 2 for the second rating after something was put right (追评). department:
    who answers for it. rated_by: None for an anonymous one, which nobody can trace. text: {"text"}.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="ratings")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, null=True, blank=True, related_name="ratings")
    number = models.PositiveSmallIntegerField(default=1)
    department = models.CharField(max_length=20)
    level = models.CharField(max_length=20, choices=Level)
    labels = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    text = EncryptedJSONField(default=dict)
    channel = models.CharField(max_length=1, choices=Channel)
    rated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    rated_at = models.DateTimeField()

    class Meta:
        ordering = ["-rated_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "visit", "number"],
                nulls_distinct=False,
                name="rating_once",
                violation_error_message="A case is rated once, a visit too, and once more after it was put right.",
            ),
            models.CheckConstraint(
                condition=Q(number=1) | Q(number=2, rated_by__isnull=False, visit__isnull=True),
                name="rating_second_is_named",
                violation_error_message="Only who gave her name rates a second time.",
            ),
            models.CheckConstraint(
                condition=Q(level__in=Level.values),
                name="rating_level_known",
                violation_error_message="There are five levels.",
            ),
        ]
        indexes = [models.Index(fields=["department", "-rated_at"], name="rating_of_department")]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.level}"

    @property
    def is_bad(self) -> bool:
        """Whether it is one of the two levels somebody must see to (差评)."""
        return self.level in BAD

    @property
    def shown_labels(self) -> list[Label]:
        """Its labels in both languages; a code that is no longer known is left out."""
        return [all_labels()[code] for code in self.labels if code in all_labels()]

    @property
    def handling_or_none(self) -> Handling | None:
        """What is done about it, None where nothing has to be."""
        return getattr(self, "handling", None)

    @property
    def words(self) -> str:
        """What she wrote, "" for nothing."""
        return str(self.text.get("text", ""))


class Handling(models.Model):
    """What a department did about a bad rating by somebody who gave her name: facts, each with its instant and person.

    finding, measures, followed_up: what was found on contact, what was done and told her, what she said afterwards.
    ground…: the department's wish that the rating should not count, decided by a manager.
    """

    rating = models.OneToOneField(Rating, on_delete=models.PROTECT, related_name="handling")
    opened_at = models.DateTimeField()
    contacted_at = models.DateTimeField(null=True, blank=True)
    contacted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    finding = models.TextField(blank=True)
    rectified_at = models.DateTimeField(null=True, blank=True)
    rectified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    measures = models.TextField(blank=True)
    followed_up_at = models.DateTimeField(null=True, blank=True)
    followed_up_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    followed_up = models.TextField(blank=True)
    ground = models.CharField(max_length=10, choices=Ground, blank=True)
    ground_reason = models.TextField(blank=True)
    appealed_at = models.DateTimeField(null=True, blank=True)
    appealed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    excluded = models.BooleanField(null=True, blank=True, help_text="Empty while nobody has decided")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_note = models.TextField(blank=True)

    class Meta:
        ordering = ["opened_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(rectified_at__isnull=True) | (Q(contacted_at__isnull=False) & ~Q(measures="")),
                name="rating_rectified_after_contact",
                violation_error_message="First she is contacted; then what was done is written down.",
            ),
            models.CheckConstraint(
                condition=Q(excluded__isnull=True) | (Q(appealed_at__isnull=False, decided_by__isnull=False)),
                name="rating_exclusion_was_asked_for",
                violation_error_message="A manager decides what a department asked for.",
            ),
            models.CheckConstraint(
                condition=Q(appealed_at__isnull=True) | (~Q(ground="") & ~Q(ground_reason="")),
                name="rating_appeal_has_a_reason",
                violation_error_message="Whoever asks that a rating should not count says why.",
            ),
        ]

    def __str__(self) -> str:
        return f"handling of {self.rating_id}"

    @property
    def stage(self) -> Stage:
        """Where it stands."""
        if self.excluded:
            return Stage.EXCLUDED
        if self.contacted_at is None:
            return Stage.TO_CONTACT
        if self.rectified_at is None:
            return Stage.TO_RECTIFY
        return Stage.TO_FOLLOW_UP if self.followed_up_at is None else Stage.CLOSED

    @property
    def appeal_waits(self) -> bool:
        """Whether a manager has yet to say whether the rating counts."""
        return self.appealed_at is not None and self.excluded is None
