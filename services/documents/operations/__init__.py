"""What is done with uploads and official papers."""

from services.documents.file_types import UploadRefusedError
from services.documents.operations.deliveries import DeliveryProofMissingError, deliver_paper
from services.documents.operations.fetched import RegisterRecord, settle_fetched_record, take_fetched_record
from services.documents.operations.papers import UnknownDepartmentError, issue_paper, revoke_paper
from services.documents.operations.partial_uploads import forget_partials
from services.documents.operations.previewing import NoPreviewError, open_preview
from services.documents.operations.rendering import (
    PaperFileDamagedError,
    PaperNotRenderedError,
    ensure_rendered,
    open_paper,
    render_paper,
    render_papers,
)
from services.documents.operations.scanning import scan_uploads
from services.documents.operations.uploads import (
    StoredFile,
    UploadNotReadyError,
    open_upload,
    remove_upload,
    store_upload,
)

__all__ = [
    "DeliveryProofMissingError",
    "NoPreviewError",
    "PaperFileDamagedError",
    "PaperNotRenderedError",
    "RegisterRecord",
    "StoredFile",
    "UnknownDepartmentError",
    "UploadNotReadyError",
    "UploadRefusedError",
    "deliver_paper",
    "ensure_rendered",
    "forget_partials",
    "issue_paper",
    "open_paper",
    "open_preview",
    "open_upload",
    "remove_upload",
    "render_paper",
    "render_papers",
    "revoke_paper",
    "scan_uploads",
    "settle_fetched_record",
    "store_upload",
    "take_fetched_record",
]
