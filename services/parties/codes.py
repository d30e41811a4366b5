"""Codes that a link holds and a person can read out: unguessable, found by their hash."""

from __future__ import annotations

import hashlib
import secrets

#: Letters and digits that nobody takes for one another (Crockford).
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: 20 of 32 letters: 100 bits, beyond guessing.
LENGTH = 20


def new_code() -> str:
    """Return an unguessable code."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def hash_of_code(code: str) -> str:
    """Return the hash by which a code is found, as a person may type it: spaces, hyphens and small letters are fine."""
    normal = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(normal[:64].encode("utf-8", "replace")).hexdigest()


def spaced(code: str) -> str:
    """Return a code in groups of four, to be read out and typed."""
    return "-".join(code[place : place + 4] for place in range(0, len(code), 4))
