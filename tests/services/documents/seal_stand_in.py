"""Seal adapters for tests: one with a real signature and no specimen mark, one whose service is down."""

from __future__ import annotations

import base64
import hmac

from services.documents.seals import SealError, SealMark, SealRecord

_KEY = b"test seal key"


class RealSealAdapter:
    """Signs like a production adapter would; its mark is a plain square."""

    specimen = False

    def mark(self, *, department: str, language: str) -> SealMark:
        return SealMark(
            svg='<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1H8V8H1Z"/></svg>',
            description="mark",
        )

    def sign(self, content: bytes, *, department: str) -> SealRecord:
        value = base64.b64encode(hmac.digest(_KEY, content, "sha256")).decode()
        return SealRecord(adapter="test", algorithm="HMAC", key_id="1", signer=department, value=value)

    def verify(self, content: bytes, record: dict[str, str]) -> bool:
        return record["value"] == base64.b64encode(hmac.digest(_KEY, content, "sha256")).decode()


class BrokenSealAdapter(RealSealAdapter):
    """Its service does not answer."""

    def sign(self, content: bytes, *, department: str) -> SealRecord:
        raise SealError("The seal service does not answer.")
