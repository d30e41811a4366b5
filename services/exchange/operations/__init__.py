"""What is done with the registers of other departments."""

from services.exchange.operations.asking import (
    ConsentMissingError,
    PurposeNotAllowedError,
    Question,
    SourceAnswer,
    ask_source,
    ask_sources,
    forget_old_answers,
)
from services.exchange.operations.consents import give_consent, withdraw_consent
from services.exchange.operations.licences import LicenceCheck, verify_business_licence

__all__ = [
    "ConsentMissingError",
    "LicenceCheck",
    "PurposeNotAllowedError",
    "Question",
    "SourceAnswer",
    "ask_source",
    "ask_sources",
    "forget_old_answers",
    "give_consent",
    "verify_business_licence",
    "withdraw_consent",
]
