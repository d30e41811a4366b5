"""Service items and bundles, items that are only listed, their published versions, and what a version says."""

from services.catalogue.models.bundles import Bundle, BundlePart, BundleVersion
from services.catalogue.models.editions import Edition
from services.catalogue.models.guidance import Faq, Fee, LegalBasis, Material, ResultKind, Step
from services.catalogue.models.items import ServiceItem, ServiceVersion
from services.catalogue.models.listed import ListedItem
from services.catalogue.models.situations import Question, StopRule
from services.catalogue.models.versions import PublishedVersionError, Version

__all__ = [
    "Bundle",
    "BundlePart",
    "BundleVersion",
    "Edition",
    "Faq",
    "Fee",
    "LegalBasis",
    "ListedItem",
    "Material",
    "PublishedVersionError",
    "Question",
    "ResultKind",
    "ServiceItem",
    "ServiceVersion",
    "Step",
    "StopRule",
    "Version",
]
