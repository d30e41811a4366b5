"""How long it really took: what closed cases comparable to this situation show, in words a page can print."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.situations.needs import Needs, Offer
from services.cases.queries.measured import (
    NOTHING,
    SMALLEST_SAMPLE,
    Measured,
    Period,
    measured_bundles,
    measured_items,
    period_before,
)
from services.catalogue.models import ServiceVersion
from workflows.clocks import WorkingCalendar


@dataclass(frozen=True)
class Took:
    """Figures of closed cases. same_services: they are of applications for exactly the services of this situation."""

    measured: Measured
    period: Period
    same_services: bool
    smallest: int = SMALLEST_SAMPLE


def took(offer: Offer, needs: Needs, calendar: WorkingCalendar, *, at: datetime) -> Took:
    """Return what comparable closed cases took: of the same service, or of the same bundle.

    Of a bundle, applications for exactly the services these answers need are compared; where there are too few of
    them, all applications for the bundle.
    """
    period = period_before(at, calendar)
    if isinstance(offer, ServiceVersion):
        found = measured_items(period, calendar, items=[offer.item_id])
        return Took(found.get(offer.item_id, NOTHING), period, same_services=True)
    bundle = measured_bundles(period, calendar, bundles=[offer.bundle_id]).get(offer.bundle_id)
    if bundle is None:
        return Took(NOTHING, period, same_services=False)
    parts = frozenset(part.key for part in needs.applicable)
    same = bundle.by_parts.get(parts, NOTHING) if needs.answered else NOTHING
    return Took(bundle.everything if same.hidden else same, period, same_services=not same.hidden)
