"""Who may do what with a file, as far as the file itself decides. What belongs to a case is decided with the case."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from services.documents.models import Upload
from services.parties.queries import posts_of

if TYPE_CHECKING:
    from portal.accounts.models import User


def is_owner(user: User, upload: Upload) -> bool:
    """Say whether she handed the file in herself."""
    return upload.owner_id == user.pk


def can_read_original(user: User, at: datetime) -> bool:
    """Say whether she may have the untouched original, which may carry anything: auditors only."""
    return any(post.role == "auditor" for post in posts_of(user, at))
