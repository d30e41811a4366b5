"""Applications and the cases they become."""

from services.cases.models.applications import Application, Hold, NumberSeries
from services.cases.models.cases import Case, MaterialCheck, Opinion
from services.cases.models.handovers import HandOver
from services.cases.models.law import DeemedAct, Deferral, Hearing, PublicNotice, Renewal, SiteCheck
from services.cases.models.notices import OneTimeNotice, Supplement
from services.cases.models.readings import SourceReading
from services.cases.models.requests import InformationRequest
from services.cases.models.signing import Consent, DeclarationText, ReviewedText, Signature, SignerInvitation
from services.cases.models.standings import Standing, StandingChange, StandingCount
from services.cases.models.withdrawals import Withdrawal

__all__ = [
    "Application",
    "Case",
    "Consent",
    "DeclarationText",
    "DeemedAct",
    "Deferral",
    "HandOver",
    "Hearing",
    "Hold",
    "InformationRequest",
    "MaterialCheck",
    "NumberSeries",
    "OneTimeNotice",
    "Opinion",
    "PublicNotice",
    "Renewal",
    "ReviewedText",
    "Signature",
    "SignerInvitation",
    "SiteCheck",
    "SourceReading",
    "Standing",
    "StandingChange",
    "StandingCount",
    "Supplement",
    "Withdrawal",
]
