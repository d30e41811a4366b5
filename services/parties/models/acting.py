"""How somebody comes to act for another: offers of mandates, guardianships; and what was done in whose name."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from services.access.encryption import EncryptedTextField
from services.parties.enums import ActKind, GuardianshipSource, MandateKind, MandateScope, OfferState
from services.parties.models.mandates import Mandate
from services.parties.models.parties import Organisation, Person, new_public_id
from services.parties.references import PartyRef

USER = settings.AUTH_USER_MODEL


def _one_principal(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(person__isnull=False, organisation=None) | Q(person=None, organisation__isnull=False),
        name=name,
        violation_error_message=_("A principal is one person or one organisation."),
    )


class OfPrincipal(models.Model):
    """A row that belongs to one principal."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        abstract = True

    @property
    def principal(self) -> PartyRef:
        """Name the principal."""
        if self.organisation_id is not None:
            return PartyRef("organisation", self.organisation_id)
        assert self.person_id is not None
        return PartyRef("person", self.person_id)


class MandateOffer(OfPrincipal):
    """A principal offers somebody a mandate; it comes to be when she accepts (Civil Code art. 165).

    name: whom it is for. id_index: blind index of her identity number where the principal knew it, so that nobody
    learns from an offer who is registered here. code: stands in the link, and can be read out.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    kind = models.CharField(max_length=10, choices=MandateKind, default=MandateKind.AGENT)
    name = models.CharField(max_length=100)
    id_kind = models.CharField(max_length=2, blank=True)
    id_index = models.BinaryField(max_length=32, null=True, blank=True, editable=False)
    matter = models.CharField(max_length=200)
    scopes = ArrayField(models.CharField(max_length=12, choices=MandateScope))
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    code = EncryptedTextField(bind="public_id")
    code_hash = models.CharField(max_length=64, unique=True)
    offered_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    offered_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    mandate = models.OneToOneField(Mandate, on_delete=models.PROTECT, null=True, blank=True, related_name="offer")
    answered_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    declined_at = models.DateTimeField(null=True, blank=True)
    decline_reason = models.CharField(max_length=300, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-offered_at", "-id"]
        constraints = [
            _one_principal("offer_has_one_principal"),
            models.CheckConstraint(
                condition=Q(scopes__contained_by=MandateScope.values) & Q(scopes__len__gt=0),
                name="offer_scopes_are_known",
                violation_error_message=_("Choose what the agent may do."),
            ),
            models.CheckConstraint(
                condition=Q(valid_until__gt=models.F("valid_from")),
                name="offer_ends_after_it_begins",
                violation_error_message=_("A mandate must end after it begins."),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def scope_words(self) -> list[str]:
        """What it allows, in words, in the order of the list."""
        return [str(scope.label) for scope in MandateScope if scope in self.scopes]

    @property
    def last_day(self) -> date:
        """The last day on which it holds."""
        return timezone.localdate(self.valid_until - timedelta(microseconds=1))

    def state_at(self, at: datetime) -> OfferState:
        """Return where the offer stands."""
        if self.mandate_id is not None:
            return OfferState.ACCEPTED
        if self.declined_at is not None:
            return OfferState.DECLINED
        if self.revoked_at is not None:
            return OfferState.REVOKED
        return OfferState.EXPIRED if at >= min(self.expires_at, self.valid_until) else OfferState.OPEN


class GuardianshipQuerySet(models.QuerySet["Guardianship"]):
    """Guardianships."""

    def in_force(self, at: datetime) -> GuardianshipQuerySet:
        """Keep those that hold at `at`: not ended, and the child is not 18 yet on that day (Civil Code art. 17)."""
        today = timezone.localdate(at)
        return self.filter(Q(ended_at=None) | Q(ended_at__gt=at), ends_on__gt=today, recorded_at__lte=at)


class Guardianship(models.Model):
    """A parent or guardian acts for a child (Civil Code art. 23, 27 and 34), till it is 18.

    ends_on: the child's 18th birthday. evidence: the entry of the register, or the papers a clerk saw.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    child = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="guardians")
    guardian = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="wards")
    source = models.CharField(max_length=10, choices=GuardianshipSource)
    evidence = models.CharField(max_length=200)
    ends_on = models.DateField()
    recorded_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    end_reason = models.CharField(max_length=200, blank=True)

    objects = GuardianshipQuerySet.as_manager()

    class Meta:
        ordering = ["child", "guardian"]
        constraints = [
            models.UniqueConstraint(
                fields=["child", "guardian"],
                condition=Q(ended_at=None),
                name="guardianship_once",
                violation_error_message=_("This guardianship is recorded already."),
            ),
            models.CheckConstraint(
                condition=~Q(child=models.F("guardian")),
                name="guardianship_of_somebody_else",
                violation_error_message=_("Nobody is her own guardian."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.guardian} → {self.child}"


class Act(OfPrincipal):
    """Something done in a principal's name by somebody else. Written once; the principal reads all of them.

    mandate: by which one; None for a legal representative or a guardian. subject_kind, subject_id: what it is about.
    """

    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=ActKind)
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, null=True, blank=True, related_name="acts")
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=40)
    detail = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [_one_principal("act_has_one_principal")]
        indexes = [
            models.Index(fields=["person", "-at"], name="act_of_person"),
            models.Index(fields=["organisation", "-at"], name="act_of_organisation"),
        ]

    def __str__(self) -> str:
        return f"{self.by_id} {self.kind} for {self.principal}"


def eighteenth_birthday(born: date) -> date:
    """Return the day on which somebody is of age (Civil Code art. 17); 1 March for a 29 February."""
    try:
        return born.replace(year=born.year + 18)
    except ValueError:
        return date(born.year + 18, 3, 1)
