"""Which files are taken, and how a file proves to be what its name says: extension, declared type and content agree."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import puremagic
from django.utils.translation import gettext as _

HEAD_BYTES = 8192
NAME_LENGTH = 150
UNDECLARED = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
# Control characters, path separators, and the marks that turn the reading direction around (they hide extensions).
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]')

# Windows takes these for devices, whatever the extension.
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")


class UploadRefusedError(Exception):
    """The file cannot be taken. The message tells the person, in her language, what to do instead.

    code: stable word for programs and tests.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class FileType:
    """A kind of file that is taken.

    media_type: what we serve it as. treatment: which sanitiser handles it. start: the bytes it must begin with.
    declared: media types browsers send for it. magic: extensions the content detector may answer.
    """

    media_type: str
    treatment: str
    start: bytes
    declared: frozenset[str]
    magic: frozenset[str]


_PDF = FileType(
    media_type="application/pdf",
    treatment="pdf",
    start=b"%PDF-",
    declared=frozenset({"application/pdf", "application/x-pdf"}),
    magic=frozenset({".pdf"}),
)
_JPEG = FileType(
    media_type="image/jpeg",
    treatment="image",
    start=b"\xff\xd8\xff",
    declared=frozenset({"image/jpeg", "image/jpg", "image/pjpeg"}),
    magic=frozenset({".jpg", ".jpeg", ".jfif", ".jpe"}),
)
_PNG = FileType(
    media_type="image/png",
    treatment="image",
    start=b"\x89PNG\r\n\x1a\n",
    declared=frozenset({"image/png", "image/x-png"}),
    magic=frozenset({".png"}),
)
_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OFFICE_MAGIC = frozenset({".docx", ".xlsx", ".pptx", ".zip"})
_WORD = FileType(
    media_type=_WORD_TYPE,
    treatment="office",
    start=b"PK\x03\x04",
    declared=frozenset({_WORD_TYPE, "application/zip"}),
    magic=_OFFICE_MAGIC,
)
_SHEET = FileType(
    media_type=_SHEET_TYPE,
    treatment="office",
    start=b"PK\x03\x04",
    declared=frozenset({_SHEET_TYPE, "application/zip"}),
    magic=_OFFICE_MAGIC,
)
TAKEN = {"pdf": _PDF, "jpg": _JPEG, "jpeg": _JPEG, "png": _PNG, "docx": _WORD, "xlsx": _SHEET}
ACCEPT = ",".join(f".{extension}" for extension in TAKEN)


def safe_name(original: str) -> str:
    """Return a file name fit to show and to download: no path, no control or direction marks, at most 150 characters.

    original: as the browser sent it, hostile or not. The extension survives; an empty name becomes "file".
    """
    last = re.split(r"[/\\]", original)[-1]
    name = re.sub(r"\s+", " ", _UNSAFE.sub("", unicodedata.normalize("NFC", last))).strip(" .")
    stem, extension = PurePosixPath(name).stem, PurePosixPath(name).suffix[:10]
    if _RESERVED.fullmatch(stem):
        stem = f"file {stem}"
    return (stem[: NAME_LENGTH - len(extension)] + extension) or "file"


def extension_of(name: str) -> str:
    """Return a name's extension in lower case without the dot, "" when there is none."""
    return PurePosixPath(name).suffix.lstrip(".").lower()


def identify(path: Path, *, name: str, declared: str) -> tuple[str, FileType]:
    """Return (extension, type) of a received file once name, declared type and content agree.

    name: a safe name. declared: the media type the browser sent; "" and application/octet-stream say nothing.
    Raises UploadRefusedError: empty, kind not taken, or a disagreement.
    """
    extension = extension_of(name)
    head = _head(path)
    if not head:
        raise UploadRefusedError("empty", _("The file is empty. Please choose it again, or scan the document anew."))
    refuse_test_virus(path)
    file_type = TAKEN.get(extension)
    if file_type is None:
        raise UploadRefusedError(
            "kind",
            _("Files of this kind are not taken. Please upload a PDF, a JPG or PNG picture, or a Word or Excel file."),
        )
    if not _declared_agrees(file_type, declared) or not _content_agrees(file_type, head):
        raise UploadRefusedError(
            "mismatch",
            _("The content of the file is not what its name says. Please save it again as PDF, JPG or PNG."),
        )
    return extension, file_type


def refuse_test_virus(path: Path) -> None:
    """Raise UploadRefusedError when the file holds the antivirus industry's test signature (EICAR)."""
    tail = b""
    with path.open("rb") as file:
        while portion := file.read(1 << 20):
            if _EICAR in tail + portion:
                raise UploadRefusedError(
                    "virus",
                    _("The file was recognised as dangerous and was not kept. Please check your computer for viruses."),
                )
            tail = portion[-len(_EICAR) :]


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _declared_agrees(file_type: FileType, declared: str) -> bool:
    media_type = declared.split(";")[0].strip().lower()
    return media_type in UNDECLARED or media_type in file_type.declared


def _content_agrees(file_type: FileType, head: bytes) -> bool:
    # Our own start bytes keep out files that begin with another format; the detector alone would take several readings.
    if not head.startswith(file_type.start):
        return False
    try:
        found = {match.extension.lower() for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        return False
    return bool(found & file_type.magic)
