"""Applications and the cases they become."""

from services.cases.models.applications import Application, Consent, Hold, NumberSeries, Signature
from services.cases.models.cases import Case, MaterialCheck, Opinion
from services.cases.models.notices import OneTimeNotice, Supplement
from services.cases.models.standings import Standing, StandingChange, StandingCount

__all__ = [
    "Application",
    "Case",
    "Consent",
    "Hold",
    "MaterialCheck",
    "NumberSeries",
    "OneTimeNotice",
    "Opinion",
    "Signature",
    "Standing",
    "StandingChange",
    "StandingCount",
    "Supplement",
]
