"""Who can apply: natural persons and organisations."""

from __future__ import annotations

import secrets
from datetime import date

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from services.access.encryption import EncryptedTextField, blind_index, blind_indexes
from services.access.masking import mask_id_number, mask_mobile, mask_name
from services.parties.enums import IdentityKind, OrganisationKind, OrganisationSource
from services.parties.references import PartyRef


def new_public_id() -> str:
    """Return an id that may stand in an address: random, so that nobody can count or guess."""
    return secrets.token_urlsafe(12)


class Person(models.Model):
    """A natural person. Without `user` she was registered at a window and has not signed up.

    The number of her identity document is encrypted and found by its blind index only; nobody else has the same one.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="person",
        verbose_name=_("sign-in"),
    )
    name = models.CharField(_("name"), max_length=100)
    id_kind = models.CharField(_("identity document"), max_length=2, choices=IdentityKind)
    id_number = EncryptedTextField(_("number of the identity document"), bind="public_id")
    id_index = models.BinaryField(max_length=32, editable=False)
    birth_date = EncryptedTextField(_("date of birth"), bind="public_id", blank=True, default="")
    mobile = EncryptedTextField(_("mobile number"), bind="public_id", blank=True, default="")
    email = models.EmailField(_("e-mail"), blank=True)
    registered_at = models.DateTimeField(_("registered"))

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")
        constraints = [
            models.UniqueConstraint(
                fields=["id_index"],
                name="person_id_number_is_unique",
                violation_error_message=_("Somebody is already registered with this identity document."),
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""),
                name="person_has_name",
                violation_error_message=_("Enter the name as it stands on the identity document."),
            ),
            models.CheckConstraint(
                condition=models.Q(id_kind__in=IdentityKind.values),
                name="person_id_kind_is_known",
                violation_error_message=_("Choose the kind of identity document."),
            ),
        ]

    def __str__(self) -> str:
        """Return the masked name: this text reaches lists and logs."""
        return self.masked_name

    @property
    def ref(self) -> PartyRef:
        """Name this person as a party."""
        return PartyRef("person", self.pk)

    @property
    def born_on(self) -> date | None:
        """The date of birth, where known; stored encrypted as ISO text in `birth_date`."""
        return date.fromisoformat(self.birth_date) if self.birth_date else None

    @property
    def masked_name(self) -> str:
        """The name for lists."""
        return mask_name(self.name)

    @property
    def masked_id_number(self) -> str:
        """The identity number for lists."""
        return mask_id_number(self.id_number)

    @property
    def masked_mobile(self) -> str:
        """The mobile number for lists."""
        return mask_mobile(self.mobile)


def id_index_of(kind: str, number: str) -> bytes:
    """Return the blind index of a number in normal form."""
    return blind_index(f"{kind}:{number}", field="parties.person.id_number")


def id_indexes_of(kind: str, number: str) -> list[bytes]:
    """Return the blind index of a number in normal form under every live key."""
    return blind_indexes(f"{kind}:{number}", field="parties.person.id_number")


class Organisation(models.Model):
    """A legal person or another body with a unified social credit code (GB 32100-2015)."""

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    name = models.CharField(_("name"), max_length=200)
    uscc = models.CharField(_("unified social credit code"), max_length=18, unique=True)
    kind = models.CharField(_("legal form"), max_length=30, choices=OrganisationKind)
    legal_representative = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="represents", verbose_name=_("legal representative or operator")
    )
    premises_address = models.CharField(_("address of the premises"), max_length=300, blank=True)
    registered_on = models.DateField(_("registered on"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=20, choices=OrganisationSource)
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(name=""),
                name="organisation_has_name",
                violation_error_message=_("Enter the organisation's name."),
            ),
            models.CheckConstraint(
                condition=models.Q(uscc__regex=r"^[0-9]{8}[0-9A-HJ-NPQRTUWXY]{10}$"),
                name="organisation_uscc_has_its_form",
                violation_error_message=_("A unified social credit code has 18 digits and capital letters."),
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=OrganisationKind.values),
                name="organisation_kind_is_known",
                violation_error_message=_("Choose the organisation's legal form."),
            ),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    @property
    def ref(self) -> PartyRef:
        """Name this organisation as a party."""
        return PartyRef("organisation", self.pk)
