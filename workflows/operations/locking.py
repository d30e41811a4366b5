"""The lock of a case is the row of its root run: one lock, taken first, so that nothing deadlocks and joins are safe.

Measured without it (docs/design of reliability, R1 and R5): nearly every pair of last branches that finish together
loses its join, and so does a lock taken after the rows were read.
"""

from __future__ import annotations

from workflows.models import Run


def lock_root(root_id: int) -> Run:
    """Lock and return a root run's row. Call it before reading anything the operation relies on.

    Does not hinder foreign keys to the row (FOR NO KEY UPDATE). Raises Run.DoesNotExist; needs a transaction.
    """
    return Run.objects.select_for_update(no_key=True, of=("self",)).select_related("definition").get(pk=root_id)


def try_lock_root(root_id: int) -> Run | None:
    """Lock a root run's row if nobody holds it, else return None at once: for sweeps that come round again."""
    rows = Run.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).select_related("definition")
    return rows.filter(pk=root_id).first()
