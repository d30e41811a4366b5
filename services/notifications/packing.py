"""Short values, stored short: the names and words that nearly every notice repeats cost next to nothing.

Deflate with a fixed dictionary, before encryption. A stored value begins with the number of its dictionary; a value
written before there was one begins with a brace.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from services.access.encryption import EncryptedJSONField

#: Never changed: what is stored opens with the dictionary it was packed with. A better one gets the next number.
DICTIONARY = (
    '"reason_zh":"","reason_en":"","days":"","paper_zh":"","paper_en":"","person":"",'
    '"application":"20261","case":"20261","due":"2026-","due":"2027-","department_zh":"市人民政府局委员会",'
    '"department_en":"Bureau of Administration for Market Regulation","title_zh":"审批审核受理核查",'
    '"title_en":"Approve the Check Review","service_zh":"经营许可证登记备案餐饮开办",'
    '"service_en":"Open a licence registration permit restaurant"}'
).encode()
PACKED = b"\x01"
_written = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class PackedJSONField(EncryptedJSONField):
    """A small JSON object, packed and encrypted."""

    @staticmethod
    def _encode(value: Any) -> bytes:
        plain = _written(value).encode()
        packer = zlib.compressobj(wbits=-15, zdict=DICTIONARY)
        return PACKED + packer.compress(plain) + packer.flush()

    @staticmethod
    def _decode(stored: bytes) -> Any:
        if not stored.startswith(PACKED):
            return json.loads(stored)
        opener = zlib.decompressobj(wbits=-15, zdict=DICTIONARY)
        return json.loads(opener.decompress(stored[1:]) + opener.flush())
