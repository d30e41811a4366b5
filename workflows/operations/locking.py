"""The lock of a case is the row of its root run: one lock, taken first, so that nothing deadlocks and joins are safe.

Measured without it (docs/design of reliability, R1 and R5): nearly every pair of last branches that finish together
loses its join, and so does a lock taken after the rows were read. Written by hand: every action begins here.
"""

from __future__ import annotations

from workflows.models import Run

#: NO KEY: rows that refer to the run can be written meanwhile.
_ROOT = "select * from workflows_run where id = %s for no key update"
_ROOT_OF_TASK = (
    "select * from workflows_run where id = (select root_id from workflows_task where id = %s) for no key update"
)
_ROOT_OF_JOB = (
    "select * from workflows_run where id = (select root_id from workflows_job where id = %s) for no key update"
)


def lock_root(root_id: int) -> Run:
    """Lock and return a root run's row. Call it before reading anything the operation relies on.

    Does not hinder foreign keys to the row (FOR NO KEY UPDATE). Raises Run.DoesNotExist; needs a transaction.
    """
    return _only(_ROOT, root_id)


def lock_root_of_task(task_id: int) -> Run:
    """Lock and return the root run of a task, as `lock_root`. A task never changes its root."""
    return _only(_ROOT_OF_TASK, task_id)


def lock_root_of_job(job_id: int) -> Run:
    """Lock and return the root run of a job, as `lock_root`. A job never changes its root."""
    return _only(_ROOT_OF_JOB, job_id)


def lock_root_of_run(run_id: int) -> Run:
    """Lock and return the root of any run, as `lock_root`. A run never changes its root."""
    return lock_root(Run.objects.values_list("root_id", flat=True).get(pk=run_id) or run_id)


def try_lock_root(root_id: int) -> Run | None:
    """Lock a root run's row if nobody holds it, else return None at once: for sweeps that come round again."""
    return next(iter(Run.objects.raw(f"{_ROOT} skip locked", [root_id])), None)


def _only(statement: str, key: int) -> Run:
    found = next(iter(Run.objects.raw(statement, [key])), None)
    if found is None:
        raise Run.DoesNotExist
    return found
