"""Who may act for whom."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from services.parties.enums import MandateKind, MandateScope
from services.parties.models.parties import Organisation, Person, new_public_id
from services.parties.references import PartyRef


class MandateQuerySet(models.QuerySet["Mandate"]):
    """Mandates."""

    def in_force(self, at: datetime) -> MandateQuerySet:
        """Keep those that hold at `at`: begun, not over, not revoked by then."""
        return self.filter(
            models.Q(revoked_at=None) | models.Q(revoked_at__gt=at), valid_from__lte=at, valid_until__gt=at
        )

    def given_by(self, principal: PartyRef) -> MandateQuerySet:
        """Keep those of one principal."""
        return self.filter(**{f"{principal.kind}_id": principal.id})

    def with_scope(self, scope: str) -> MandateQuerySet:
        """Keep those that allow `scope`."""
        return self.filter(scopes__contains=[scope])


class Mandate(models.Model):
    """A principal lets an agent act for it (Civil Code art. 165: agent, matter, authority, period)."""

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    person = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="mandates_given",
        verbose_name=_("principal (person)"),
    )
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="mandates_given",
        verbose_name=_("principal (organisation)"),
    )
    agent = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="mandates_held", verbose_name=_("agent"))
    kind = models.CharField(_("relation"), max_length=10, choices=MandateKind, default=MandateKind.AGENT)
    matter = models.CharField(_("matter"), max_length=200, blank=True)
    scopes = ArrayField(models.CharField(max_length=12, choices=MandateScope), verbose_name=_("scope"))
    valid_from = models.DateTimeField(_("valid from"))
    valid_until = models.DateTimeField(_("valid until"))
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    granted_at = models.DateTimeField(pgettext_lazy("mandate", "granted"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )

    objects = MandateQuerySet.as_manager()

    class Meta:
        verbose_name = _("mandate")
        verbose_name_plural = _("mandates")
        ordering = ["-granted_at", "-id"]
        indexes = [models.Index(fields=["agent", "valid_until"], name="mandate_by_agent")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(person__isnull=False, organisation=None)
                | models.Q(person=None, organisation__isnull=False),
                name="mandate_has_one_principal",
                violation_error_message=_("A mandate is given by one person or one organisation."),
            ),
            models.CheckConstraint(
                condition=models.Q(person=None) | ~models.Q(person=models.F("agent")),
                name="mandate_is_to_somebody_else",
                violation_error_message=_("Nobody needs a mandate from herself."),
            ),
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=MandateScope.values) & models.Q(scopes__len__gt=0),
                name="mandate_scopes_are_known",
                violation_error_message=_("Choose what the agent may do."),
            ),
            models.CheckConstraint(
                condition=models.Q(valid_until__gt=models.F("valid_from")),
                name="mandate_ends_after_it_begins",
                violation_error_message=_("A mandate must end after it begins."),
            ),
        ]

    def __str__(self) -> str:
        """Return who acts for whom."""
        return f"{self.agent} → {self.organisation or self.person}"

    @property
    def scope_words(self) -> list[str]:
        """What it allows, in words, in the order of the list."""
        return [str(scope.label) for scope in MandateScope if scope in self.scopes]

    @property
    def last_day(self) -> date:
        """The last day on which it holds."""
        return timezone.localdate(self.valid_until - timedelta(microseconds=1))

    @property
    def principal(self) -> PartyRef:
        """Name whom the agent acts for."""
        if self.organisation_id is not None:
            return PartyRef("organisation", self.organisation_id)
        assert self.person_id is not None
        return PartyRef("person", self.person_id)

    @property
    def principal_kind(self) -> str:
        """The principal's kind."""
        return self.principal.kind

    @property
    def principal_id(self) -> int:
        """The principal's id within its kind."""
        return self.principal.id
