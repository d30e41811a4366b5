"""The seal slot of an official paper. What fills it is an adapter, named by `settings.SEAL_ADAPTER`.

An electronic seal is a cryptographic signature over the finished file, not a picture of a stamp (Electronic Signature
Law art. 13; State Council order 716 art. 9). An adapter therefore does two things: it gives the visible mark that is
drawn into the paper, and it signs the finished bytes. The demo adapter draws a mark nobody can mistake for a seal.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict, dataclass
from functools import cache
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.utils.module_loading import import_string

DEMO_ADAPTER = "services.documents.seals.DemoSealAdapter"


class SealError(Exception):
    """The seal service did not answer or refused; the paper is drawn again later."""


@dataclass(frozen=True, kw_only=True)
class SealMark:
    """What is drawn in the seal slot. svg: a picture. description: its text for those who cannot see it."""

    svg: str
    description: str


@dataclass(frozen=True, kw_only=True)
class SealRecord:
    """A detached signature over a paper's bytes, as stored with the paper.

    algorithm: e.g. "Ed25519", "SM2-SM3". key_id: which key or certificate. value: base64. signer: whose seal it is.
    """

    adapter: str
    algorithm: str
    key_id: str
    signer: str
    value: str

    def as_dict(self) -> dict[str, str]:
        """Return the record as plain JSON."""
        return asdict(self)


class SealAdapter(Protocol):
    """What a seal service must be able to do. Calls may take seconds; they run outside any transaction."""

    specimen: bool
    """True when papers sealed by it are no legal papers: they are marked 样本/SPECIMEN and numbered 演示."""

    def mark(self, *, department: str, language: str) -> SealMark:
        """Return the visible mark of a department's seal."""
        ...

    def sign(self, content: bytes, *, department: str) -> SealRecord:
        """Sign the finished file in the name of a department. Raises SealError."""
        ...

    def verify(self, content: bytes, record: dict[str, str]) -> bool:
        """Say whether the record was made over exactly these bytes."""
        ...


class DemoSealAdapter:
    """A visibly fictitious mark, and a signature by a key derived from SECRET_KEY: it proves this installation only."""

    specimen = True

    def mark(self, *, department: str, language: str) -> SealMark:
        """Return an eight-cornered dashed mark that says it is none; real seals are round with a star or emblem."""
        lines = ("演示标记", "并非印章") if language == "zh-hans" else ("DEMO MARK", "NOT A SEAL")
        size = 27 if language == "zh-hans" else 19
        small = "DEMO · NOT A SEAL" if language == "zh-hans" else "演示标记 · 并非印章"
        return SealMark(svg=_DEMO_SVG.format(*lines, size=size, small=small), description=" ".join(lines))

    def sign(self, content: bytes, *, department: str) -> SealRecord:
        """Sign with the demo key."""
        key = _demo_key(settings.SECRET_KEY)
        return SealRecord(
            adapter=DEMO_ADAPTER,
            algorithm="Ed25519",
            key_id=_key_id(key),
            signer=department,
            value=base64.b64encode(key.sign(content)).decode(),
        )

    def verify(self, content: bytes, record: dict[str, str]) -> bool:
        """Check with the demo key's public half."""
        key = _demo_key(settings.SECRET_KEY)
        if record.get("key_id") != _key_id(key):
            return False
        try:
            key.public_key().verify(base64.b64decode(record["value"], validate=True), content)
        except (InvalidSignature, binascii.Error, KeyError):
            return False
        return True


def seal_adapter() -> SealAdapter:
    """Return the adapter this installation is configured with; the demo one when none is."""
    adapter: SealAdapter = import_string(getattr(settings, "SEAL_ADAPTER", DEMO_ADAPTER))()
    return adapter


@cache
def _demo_key(secret: str) -> Ed25519PrivateKey:
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"one-stop demo seal").derive(secret.encode())
    return Ed25519PrivateKey.from_private_bytes(seed)


def _key_id(key: Ed25519PrivateKey) -> str:
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return "demo-" + public.hex()[:16]


_DEMO_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200">
<g fill="none" stroke="#c8371f" stroke-opacity=".62">
<path d="M61 6H139L194 61V139L139 194H61L6 139V61Z" stroke-width="4" stroke-dasharray="13 7"/>
<path d="M66 18H134L182 66V134L134 182H66L18 134V66Z" stroke-width="1.2"/>
<path d="M30 151H170" stroke-width="1.2"/>
</g>
<g fill="#c8371f" fill-opacity=".62" font-family="Noto Sans SC" font-weight="700" text-anchor="middle">
<text x="100" y="104" font-size="{size}">{0}</text>
<text x="100" y="139" font-size="{size}">{1}</text>
<text x="100" y="168" font-size="10.5">{small}</text>
</g>
</svg>"""
