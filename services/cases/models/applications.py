"""What a person submits once."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q

from services.access.encryption import EncryptedJSONField
from services.cases.enums import ApplicationResult, ApplicationState, Channel
from services.catalogue.models import BundleVersion, ServiceVersion
from services.parties.references import PartyRef
from workflows.models import Run


def new_public_id() -> str:
    """Return an unguessable id for addresses."""
    return secrets.token_urlsafe(12)


class Application(models.Model):
    """One filing for a bundle or a single service, with every answer asked once.

    While a draft, `situation` and `answers` change; submitting freezes them by the hash of what was reviewed.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    number = models.CharField(max_length=40, unique=True, null=True, blank=True)
    bundle = models.ForeignKey(BundleVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    service = models.ForeignKey(ServiceVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    party_kind = models.CharField(max_length=20)
    party_id = models.PositiveBigIntegerField()
    holder_kind = models.CharField(max_length=20, blank=True, help_text="Who later services are for, once known")
    holder_id = models.PositiveBigIntegerField(null=True, blank=True)
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="applications")
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.ONLINE)
    language = models.CharField(max_length=10, default="zh-hans")
    state = models.CharField(max_length=10, choices=ApplicationState, default=ApplicationState.DRAFT)
    result = models.CharField(max_length=12, choices=ApplicationResult, blank=True)
    situation = models.JSONField(default=dict, help_text="Answers to the situation questions; nothing personal")
    answers = EncryptedJSONField(default=dict)
    origins = models.JSONField(default=dict, blank=True, help_text="Where each answer comes from, by element code")
    draft_version = models.PositiveIntegerField(default=0, help_text="Grows with each change, so that two tabs notice")
    place = models.CharField(max_length=60, blank=True, help_text="The section somebody was in last, to go on there")
    reviewed_hash = models.CharField(max_length=64, blank=True)
    run = models.OneToOneField(Run, on_delete=models.PROTECT, null=True, blank=True, related_name="application")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(bundle__isnull=False, service__isnull=True) | Q(bundle__isnull=True, service__isnull=False),
                name="application_for_one_thing",
                violation_error_message="An application is for one bundle or for one service.",
            ),
            models.CheckConstraint(
                condition=Q(state=ApplicationState.DRAFT, submitted_at__isnull=True, number__isnull=True)
                | (~Q(state=ApplicationState.DRAFT) & Q(submitted_at__isnull=False, number__isnull=False)),
                name="application_submitted_has_a_number",
                violation_error_message="A submitted application has a number and an instant; a draft has neither.",
            ),
        ]
        indexes = [models.Index(fields=["party_kind", "party_id", "-changed_at"], name="application_of_party")]

    def __str__(self) -> str:
        return self.number or f"draft {self.public_id}"

    @property
    def party(self) -> PartyRef:
        """Who applies."""
        return PartyRef(kind=self.party_kind, id=self.party_id)

    @property
    def holder(self) -> PartyRef:
        """Who the results are for: the new or existing entity once it is known, else the applicant."""
        if self.holder_id is None:
            return self.party
        return PartyRef(kind=self.holder_kind, id=self.holder_id)

    @property
    def offer(self) -> BundleVersion | ServiceVersion:
        """The bundle or service version applied for."""
        offer = self.bundle or self.service
        if offer is None:
            raise ValueError("An application is for one bundle or for one service.")
        return offer


class NumberSeries(models.Model):
    """The last number given out in a series; its row is locked while a number is taken, so there are no gaps."""

    key = models.CharField(max_length=60, unique=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.key}: {self.last}"


class Hold(models.Model):
    """Why a manager let an application stand still, and until when. The workflow's own state says whether it does."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="holds")
    reason = models.CharField(max_length=500, help_text="The applicant and every department read it")
    held_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    held_at = models.DateTimeField()
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["held_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(released_at__isnull=True),
                name="hold_one_at_a_time",
                violation_error_message="An application is held once at a time.",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="hold_has_a_reason",
                violation_error_message="Whoever holds an application says why.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} held at {self.held_at}"
