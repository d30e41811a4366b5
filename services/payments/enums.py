"""Closed sets of payments."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class FactKind(models.TextChoices):
    """What happened to a fee; a fee's state follows from these facts and is stored nowhere."""

    DEMANDED = "demanded", pgettext_lazy("fee", "demanded")
    ASSESSED = "assessed", pgettext_lazy("fee", "amount set")
    REDUCED = "reduced", pgettext_lazy("fee", "reduced")
    STARTED = "started", pgettext_lazy("fee", "payment started")
    FAILED = "failed", pgettext_lazy("fee", "payment failed")
    PAID = "paid", pgettext_lazy("fee", "paid")
    REFUND_OWED = "refund_owed", pgettext_lazy("fee", "to be given back")
    REFUNDED = "refunded", pgettext_lazy("fee", "given back")
    CANCELLED = "cancelled", pgettext_lazy("fee", "no longer due")
    RECONCILED = "reconciled", pgettext_lazy("fee", "matched with the payment service")


class Means(models.TextChoices):
    """How a fee is paid: at the payment service, or at a window, where the clerk records it with a receipt number."""

    ONLINE = "online", pgettext_lazy("payment", "online")
    CASH = "cash", pgettext_lazy("payment", "in cash at the window")
    TERMINAL = "terminal", pgettext_lazy("payment", "by card or phone at the window's terminal")


AT_WINDOW = (Means.CASH, Means.TERMINAL)


class FeeState(models.TextChoices):
    """Where a fee stands, as its facts say."""

    TO_ASSESS = "to_assess", _("the department sets the amount")
    DUE = "due", _("to be paid")
    STARTED = "started", _("payment under way")
    PAID = "paid", _("paid")
    NOTHING = "nothing", _("nothing to pay")
    REFUND_OWED = "refund_owed", _("being given back")
    REFUNDED = "refunded", _("given back")
    CANCELLED = "cancelled", _("no longer due")


class Refusal(models.TextChoices):
    """Why a message that claimed to come from the payment service was refused."""

    SIGNATURE = "signature", _("the signature is wrong")
    TIMESTAMP = "timestamp", _("it is too old or from the future")
    MALFORMED = "malformed", _("it cannot be read")
    UNKNOWN = "unknown", _("no payment has this number")
    AMOUNT = "amount", _("the amount is another one")
    CURRENCY = "currency", _("the currency is another one")


class Difference(models.TextChoices):
    """How our books and the payment service's list of a day differ."""

    ONLY_THERE = "only_there", _("paid there, unknown here")
    ONLY_HERE = "only_here", _("paid here, not on their list")
    AMOUNT = "amount", _("the amounts differ")
    BACK_THERE = "back_there", _("given back there, not here")
    BACK_HERE = "back_here", _("given back here, not there")
