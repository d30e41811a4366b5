"""Code lists of the parties."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a post lets its holder do. Handler, checker and approver of one case are three different people."""

    CLERK = "clerk", _("window clerk")
    HANDLER = "handler", _("handler")
    CHECKER = "checker", _("checker")
    APPROVER = "approver", _("approver")
    HEAD = "head", _("head of department")
    MANAGER = "manager", _("oversight manager")
    DESIGNER = "designer", _("service designer")
    AUDITOR = "auditor", _("auditor")
    ADMIN = "admin", _("administrator")


SEPARATE_ROLES = frozenset({Role.AUDITOR, Role.ADMIN})
"""Roles whose holder holds no other role: who runs the system and who audits it does not work in it (GB/T 22239)."""


class IdentityKind(models.TextChoices):
    """Kinds of identity documents of a natural person, with the codes of the national exchange tables."""

    RESIDENT_ID = "31", _("resident identity card")
    MILITARY_ID = "32", _("military officer's card")
    PASSPORT = "33", _("passport")
    HK_MACAO_PERMIT = "35", _("mainland travel permit for Hong Kong and Macao residents")
    TAIWAN_PERMIT = "36", _("mainland travel permit for Taiwan residents")
    HKMT_RESIDENCE = "37", _("residence permit for Hong Kong, Macao and Taiwan residents")
    PERMANENT_RESIDENT = "38", _("foreign permanent resident identity card")


class OrganisationKind(models.TextChoices):
    """Legal forms, as far as services tell them apart."""

    INDIVIDUAL_BUSINESS = "individual_business", _("individually owned business")
    COMPANY = "company", _("company")
    PARTNERSHIP = "partnership", _("partnership")
    SOLE_PROPRIETORSHIP = "sole_proprietorship", _("sole proprietorship")
    COOPERATIVE = "cooperative", _("farmers' cooperative")
    PUBLIC_INSTITUTION = "public_institution", _("public institution")
    SOCIAL_ORGANISATION = "social_organisation", _("social organisation")
    OTHER = "other", _("other organisation")


class OrganisationSource(models.TextChoices):
    """Where the portal learned of an organisation."""

    REGISTRY = "registry", _("business register")
    CASE = "case", _("registered through this portal")
    DECLARED = "declared", _("declared by its representative")


class PartyKind(models.TextChoices):
    """Who can apply."""

    PERSON = "person", _("person")
    ORGANISATION = "organisation", _("organisation")


class MandateScope(models.TextChoices):
    """What an agent may do for the principal."""

    FILL = "fill", _("fill in and submit")
    SIGN = "sign", _("sign")
    PAY = "pay", _("pay")
    RECEIVE = "receive", _("receive notices and papers")


class MandateKind(models.TextChoices):
    """In which relation an agent acts."""

    AGENT = "agent", _("agent by mandate")
    STAFF = "staff", _("member of the organisation")


class OfferState(models.TextChoices):
    """Where an offered mandate stands."""

    OPEN = "open", _("waiting for an answer")
    ACCEPTED = "accepted", _("accepted")
    DECLINED = "declined", _("declined")
    EXPIRED = "expired", _("expired")
    REVOKED = "revoked", _("taken back")


class GuardianshipSource(models.TextChoices):
    """How a guardianship was shown."""

    REGISTER = "register", _("household register")
    COUNTER = "counter", _("papers shown at the window")


class ActKind(models.TextChoices):
    """What was done in a principal's name."""

    STARTED = "started", _("began an application")
    SIGNED = "signed", _("signed")
    FILED = "filed", _("filed an application")
    ANSWERED = "answered", _("answered a notice or a question")
    WITHDREW = "withdrew", _("withdrew an application")
    PAID = "paid", _("paid")


class DepartmentKind(models.TextChoices):
    """What kind of body a department is; only authorities decide."""

    AUTHORITY = "authority", _("authority")
    UTILITY = "utility", _("public utility")
    BANK = "bank", _("bank")


class WindowKind(models.TextChoices):
    """What a window is for."""

    GENERAL = "general", _("general window")
    SPECIAL = "special", _("special window")
    HANDOUT = "handout", _("hand-out window")
    ENQUIRY = "enquiry", _("enquiries")
