"""Encrypted model columns and blind indexes: a stolen database dump or backup shows no ID number.

A stored value is `algorithm (1 byte) | key id (2) | nonce (12) | AES-256-GCM ciphertext and tag`. The table, the column
and, for a field with `bind`, an attribute of the row are authenticated with it: a value copied into another column or
row no longer opens. Every column has its own key, derived by HKDF from the key named in the value, so that several
keys live side by side while rows are re-encrypted. The leading byte leaves room for SM4-GCM.

A blind index is a keyed hash under keys of its own. It shows equality of two rows and nothing else; an unkeyed hash
would not do, because ID numbers can be enumerated.

`settings.FIELD_KEYS` holds `{"active": id, "keys": {id: key, …}, "index": key, "old_indexes": [key, …]}`, every key 32
bytes in base64; `old_indexes` may be absent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute

AES_256_GCM = 1
_NONCE_BYTES = 12
_HEAD_BYTES = 3 + _NONCE_BYTES


class DecryptionError(Exception):
    """A stored value does not open: altered, moved from another column or row, or its key is gone."""


@dataclass(frozen=True)
class Keyring:
    """The keys in use. `active` writes, all of `keys` read; the first of `indexes` writes, all are looked up."""

    active: int
    keys: Mapping[int, bytes]
    indexes: tuple[bytes, ...]

    def __repr__(self) -> str:
        """Name the keys without showing them."""
        return f"Keyring({sorted(self.keys)})"


def read_keyring() -> Keyring:
    """Return the configured keys.

    Raises:
        ImproperlyConfigured: a key is missing or not 32 bytes, an id is out of range, or one key serves two purposes.
    """
    global _last
    configured = getattr(settings, "FIELD_KEYS", None)
    if _last is None or _last[0] is not configured:
        _last = (configured, _parse_keyring(json.dumps(configured)))
    return _last[1]


#: The keys as they were configured, and as they were read: every value that is encrypted asks for them.
_last: tuple[Any, Keyring] | None = None


@lru_cache(maxsize=8)
def _parse_keyring(text: str) -> Keyring:
    try:
        data = json.loads(text)
        keys = {int(number): _parse_key(key) for number, key in data["keys"].items()}
        indexes = tuple(map(_parse_key, [data["index"], *data.get("old_indexes", [])]))
        ring = Keyring(int(data["active"]), keys, indexes)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ImproperlyConfigured("FIELD_KEYS is not as docs/people.md describes it.") from error
    if ring.active not in keys or not all(0 < number < 65536 for number in keys):
        raise ImproperlyConfigured("FIELD_KEYS: ids go from 1 to 65535 and the active one needs a key.")
    if len({*keys.values(), *indexes}) != len(keys) + len(indexes):
        raise ImproperlyConfigured("FIELD_KEYS uses one key twice; encryption and look-up need keys of their own.")
    return ring


def _parse_key(encoded: str) -> bytes:
    secret = base64.b64decode(encoded, validate=True)
    if len(secret) != 32:
        raise ValueError("a key has 32 bytes")
    return secret


@lru_cache(maxsize=512)
def _derived(secret: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret)


@lru_cache(maxsize=512)
def _cipher(secret: bytes, column: str) -> AESGCM:
    """Return the cipher of a column; one serves any number of threads."""
    return AESGCM(_derived(secret, f"field|{column}"))


def encrypt(plain: bytes, *, column: str, row: str = "") -> bytes:
    """Encrypt for one column ("table|column") and, if given, one row."""
    ring, nonce = read_keyring(), os.urandom(_NONCE_BYTES)
    head, cipher = _head(ring), _cipher(ring.keys[ring.active], column)
    return head + nonce + cipher.encrypt(nonce, plain, _authenticated(head, column, row))


def decrypt(stored: bytes, *, column: str, row: str = "") -> bytes:
    """Return what `encrypt` was given.

    Raises:
        DecryptionError: the value was altered or moved, its algorithm is unknown or its key is not configured.
    """
    head, nonce, body = stored[:3], stored[3:_HEAD_BYTES], stored[_HEAD_BYTES:]
    if len(stored) < _HEAD_BYTES or head[0] != AES_256_GCM:
        raise DecryptionError(f"A value of {column} has no known algorithm.")
    key = read_keyring().keys.get(key_id_of(stored))
    if key is None:
        raise DecryptionError(f"The key of a value of {column} is not configured.")
    try:
        return _cipher(key, column).decrypt(nonce, body, _authenticated(head, column, row))
    except InvalidTag as error:
        raise DecryptionError(f"A value of {column} was altered or moved.") from error


def active_head() -> bytes:
    """Return how every value starts that the active key writes."""
    return _head(read_keyring())


def _head(ring: Keyring) -> bytes:
    return bytes([AES_256_GCM]) + ring.active.to_bytes(2, "big")


def key_id_of(stored: bytes) -> int:
    """Return the id of the key that wrote a value; tells which rows still wait for re-encryption."""
    return int.from_bytes(stored[1:3], "big")


def _authenticated(head: bytes, column: str, row: str) -> bytes:
    return head + f"{column}|{row}".encode()


def blind_index(value: str, *, field: str) -> bytes:
    """Return the index (32 bytes) of a value in normal form under the key that writes."""
    return _index(read_keyring().indexes[0], value, field)


def blind_indexes(value: str, *, field: str) -> list[bytes]:
    """Return the index under every live key: what a look-up compares with while rows are being re-indexed."""
    return [_index(key, value, field) for key in read_keyring().indexes]


def _index(key: bytes, value: str, field: str) -> bytes:
    return hmac.new(_derived(key, f"index|{field}"), value.encode(), hashlib.sha256).digest()


class Sealed:
    """A value as it is stored. Opaque, so that `values()` and logs show nothing."""

    def __init__(self, stored: bytes) -> None:
        """Keep the stored bytes."""
        self.stored = stored

    def __repr__(self) -> str:
        """Show nothing."""
        return "<sealed>"


class _OpeningAttribute(DeferredAttribute):
    """Opens a row-bound value the first time it is read; only then is the rest of the row known."""

    field: EncryptedField

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed) and instance is not None:
            value = self.field.open_value(value.stored, row=self.field.row_of(instance))
            instance.__dict__[self.field.attname] = value
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedField(models.Field):  # type: ignore[type-arg]
    """What both encrypted fields share.

    `bind` names an attribute of the same model that is set before the first save and never changes (a public id); the
    value then opens in its own row only, is decrypted when first read, and cannot be written by `update()`.
    """

    _encode: Callable[[Any], bytes]
    _decode: Callable[[bytes], Any]

    def __init__(self, *args: Any, bind: str | None = None, **kwargs: Any) -> None:
        self.bind = bind
        if bind:
            self.descriptor_class = _OpeningAttribute
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Tell migrations the binding."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, **({"bind": self.bind} if self.bind else {})}

    def get_internal_type(self) -> str:
        """Store as bytea."""
        return "BinaryField"

    @property
    def column_name(self) -> str:
        """The column as it is authenticated: "table|column"."""
        return f"{self.model._meta.db_table}|{self.column}"

    def row_of(self, instance: models.Model) -> str:
        """Return what binds a value to its row; empty for an unbound field."""
        return str(getattr(instance, self.bind)) if self.bind else ""

    def open_value(self, stored: bytes, *, row: str) -> Any:
        """Decrypt and decode one stored value."""
        return self._decode(decrypt(stored, column=self.column_name, row=row))

    def seal_value(self, value: Any, *, row: str) -> bytes:
        """Encode and encrypt one value, for a caller that writes rows without making models of them."""
        return self.seal_encoded(self.encode_value(value), row=row)

    def encode_value(self, value: Any) -> bytes:
        """Return a value as bytes that `seal_encoded` takes: several rows with the same value need it only once."""
        return self._encode(value)

    def seal_encoded(self, encoded: bytes, *, row: str) -> bytes:
        """Encrypt one value that is encoded already."""
        return encrypt(encoded, column=self.column_name, row=row)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Encrypt for the row that is being saved."""
        value = super().pre_save(model_instance, add)
        if value is None or hasattr(value, "resolve_expression"):
            return value
        return Sealed(self.seal_value(value, row=self.row_of(model_instance)))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Encrypt what `update()` writes; a row-bound column cannot be written so."""
        if value is None or isinstance(value, Sealed):
            return value and value.stored
        if self.bind:
            raise FieldError(f"{self.name} is bound to its row: save the row instead of updating the column.")
        return encrypt(self._encode(value), column=self.column_name)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Decrypt; a row-bound value stays sealed until its row reads it."""
        if value is None:
            return None
        return Sealed(bytes(value)) if self.bind else self.open_value(bytes(value), row="")

    def get_lookup(self, lookup_name: str) -> Any:
        """Refuse to search: equal values are stored differently."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted and cannot be searched; look up its blind index.")
        return super().get_lookup(lookup_name)

    def value_to_string(self, obj: models.Model) -> str:
        """Refuse fixtures: they would hold plain text."""
        raise FieldError(f"{self.name} is encrypted and is not written to fixtures; use pg_dump.")


class EncryptedTextField(EncryptedField):
    """Text of any length, encrypted. See the module for `bind`."""

    _encode = staticmethod(str.encode)
    _decode = staticmethod(bytes.decode)


class EncryptedJSONField(EncryptedField):
    """Anything JSON can hold, encrypted. NaN and infinities are refused."""

    @staticmethod
    def _encode(value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()

    _decode = staticmethod(json.loads)
