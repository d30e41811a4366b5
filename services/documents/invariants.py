"""What must hold of files: every row has its file, every file its row, every paper gets its own."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.documents.reconciliation import file_report
from workflows.queries.invariants import NAMED, Broken, Check, asked

#: How late the file of a paper may be; its text is fixed when it is issued.
PATIENCE = timedelta(minutes=5)


def _files(at: datetime) -> Broken:
    report = file_report(at=at, hashes=False)
    found = [
        *(f"no file {key}" for key in report.rows_without_file),
        *(f"no row for {key}" for key in report.files_without_row),
        *(f"upload {public_id} was never finished" for public_id in report.stuck),
    ]
    return Broken(count=len(found), first=tuple(found[:NAMED]))


def _contents(at: datetime) -> Broken:
    damaged = file_report(at=at, hashes=True).damaged
    return Broken(count=len(damaged), first=tuple(f"changed file {key}" for key in damaged[:NAMED]))


FILE_CHECKS: tuple[Check, ...] = (
    Check(invariant="I10", says="Every row has its file, and every file its row.", find=_files),
    asked(
        "I11",
        "No paper that was issued waits longer than five minutes for its file.",
        """select 'paper ' || id who from documents_paper
        where storage_key = '' and issued_at < %(at)s - %(patience)s""",
        patience=PATIENCE,
    ),
)
#: Reads every file there is, so only where it is asked for.
CONTENT_CHECKS: tuple[Check, ...] = (
    Check(invariant="I1", says="Every file is still what was handed in or issued (SHA-256).", find=_contents),
)
