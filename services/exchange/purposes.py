"""What registers are asked for, as people read it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SourcePurpose(models.TextChoices):
    """The purposes of data/sources.yaml; a test compares them."""

    PREFILL = "prefill", _("Filling in your application, as you agreed")
    DOCUMENT = "document", _("Fetching a document for your application, as you agreed")
    HANDLING = "handling", _("Fetching a document while your case is handled")
    LICENCE_CHECK = "licence-check", _("Checking that a business licence is real and in force")
    RESIDENCE_CHECK = "residence-check", _("Checking where you are registered")
    PREMISES_CHECK = "premises-check", _("Checking the premises")
    TAX_CHECK = "tax-check", _("Checking that taxes are paid")
    STAFF_CHECK = "staff-check", _("Checking health certificates")
