"""Applications and the cases they become."""

from services.cases.models.applications import Application, Consent, NumberSeries, Signature
from services.cases.models.cases import Case, MaterialCheck, Opinion, Supplement

__all__ = ["Application", "Case", "Consent", "MaterialCheck", "NumberSeries", "Opinion", "Signature", "Supplement"]
