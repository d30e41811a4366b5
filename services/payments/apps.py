"""Django's entry for services.payments."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Fees of cases: demanded, paid, given back, reconciled."""

    name = "services.payments"
    label = "payments"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Payments"

    def ready(self) -> None:
        """Listen to what the workflows tell, and let results that depend on a fee wait for it."""
        receivers = import_module("services.payments.receivers")
        signals = import_module("workflows.signals")
        signals.effects_committed.connect(receivers.follow, dispatch_uid="services.payments")
        holds_back = import_module("services.payments.queries.fees").fee_holds_back
        import_module("services.cases.operations.issuing").let_wait(holds_back)
