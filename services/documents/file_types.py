"""Which files are taken, and how a file proves to be what its name says: extension, declared type and content agree."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

import puremagic
from django.conf import settings
from django.utils.translation import gettext as _

HEAD_BYTES = 8192
NAME_LENGTH = 200
UNDECLARED = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
# What nobody sees, and what could make a name look like another: control characters, marks that turn the reading
# direction around (they hide extensions) or have no width, separators of lines, lone surrogates.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_FOLDERS = re.compile(r"[/\\]")
# What a file system or a header would take for something else; only in the name a download is offered under.
_UNSAFE = re.compile(r'[/\\:*?"<>|]')
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
#: As a person calls them.
KIND_WORDS = {"pdf": "PDF", "jpg": "JPG", "png": "PNG", "docx": "Word (DOCX)", "xlsx": "Excel (XLSX)"}
PICTURES = frozenset({"jpg", "png"})


@dataclass(frozen=True, kw_only=True)
class FileRule:
    """What files a document may be handed in as. kinds: keys of KIND_WORDS. most: how many files together."""

    kinds: tuple[str, ...] = tuple(KIND_WORDS)
    megabytes: int = field(default_factory=lambda: settings.UPLOAD_MAX_BYTES // 2**20)
    most: int = 10

    @property
    def bytes(self) -> int:
        """The longest file in bytes."""
        return min(self.megabytes * 2**20, settings.UPLOAD_MAX_BYTES)

    @property
    def words(self) -> str:
        """The kinds as a person reads them."""
        return str(_(", ")).join(KIND_WORDS[kind] for kind in self.kinds)

    @property
    def accept(self) -> str:
        """The kinds as a file field's `accept` wants them."""
        return ",".join(f".{extension}" for extension in TAKEN if self.takes(extension))

    @property
    def pictures(self) -> bool:
        """Whether a photograph will do."""
        return bool(PICTURES & set(self.kinds))

    def takes(self, extension: str) -> bool:
        """Say whether files with this extension are taken."""
        return ("jpg" if extension == "jpeg" else extension) in self.kinds


def checked_name(original: str) -> str:
    """Return a file's name exactly as it came, to be kept and shown; it is only ever text, never part of a path.

    Raises UploadRefusedError: too long, a folder in it, or characters nobody sees.
    """
    if len(original) > NAME_LENGTH:
        raise UploadRefusedError(
            "name",
            _("The file's name is too long (at most 200 characters). Please rename the file and choose it again."),
        )
    if any(_is_invisible(one) for one in original) or _FOLDERS.search(original):
        raise UploadRefusedError(
            "name",
            _("The file's name contains characters that cannot be shown. Please rename the file and choose it again."),
        )
    return original


def download_name(shown: str) -> str:
    """Return the name a file is offered under for saving: the shown one without what file systems misunderstand."""
    visible = "".join(one for one in _UNSAFE.sub("_", shown) if not _is_invisible(one))
    name = re.sub(r"\s+", " ", visible).strip(" .")
    if _RESERVED.fullmatch(name):
        name = f"file {name}"
    return name or "file"


def _is_invisible(character: str) -> bool:
    code = ord(character)
    return unicodedata.category(character) in _INVISIBLE or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def extension_of(name: str) -> str:
    """Return a name's extension in lower case without the dot, "" when there is none."""
    return PurePosixPath(name.strip()).suffix.lstrip(".").lower()


def identify(path: Path, *, name: str, declared: str) -> tuple[str, FileType]:
    """Return (extension, type) of a received file once name, declared type and content agree.

    name: a checked name. declared: the media type the browser sent; "" and application/octet-stream say nothing.
    Raises UploadRefusedError: empty, kind not taken, or a disagreement.
    """
    extension = extension_of(name)
    head = _head(path)
    if not head:
        raise empty_file()
    refuse_test_virus(path)
    file_type = TAKEN.get(extension)
    if file_type is None:
        raise kind_not_taken(FileRule())
    if not _declared_agrees(file_type, declared) or not _content_agrees(file_type, head):
        raise UploadRefusedError(
            "mismatch",
            _("The content of the file is not what its name says. Please save it again as PDF, JPG or PNG."),
        )
    return extension, file_type


def refuse_test_virus(path: Path) -> None:
    """Raise UploadRefusedError when the file holds the antivirus industry's test signature (EICAR)."""
    with path.open("rb") as file:
        refuse_test_virus_in(file)


def refuse_test_virus_in(file: IO[bytes]) -> None:
    """Read to the end in portions; raise UploadRefusedError when the test signature is in it."""
    tail = b""
    while portion := file.read(1 << 20):
        if _EICAR in tail + portion:
            raise UploadRefusedError(
                "virus",
                _("The file was recognised as dangerous and was not kept. Please check your computer for viruses."),
            )
        tail = portion[-len(_EICAR) :]


def empty_file() -> UploadRefusedError:
    """Return the refusal of a file without a byte."""
    return UploadRefusedError("empty", _("The file is empty. Please choose it again, or scan the document anew."))


def kind_not_taken(rule: FileRule) -> UploadRefusedError:
    """Return the refusal of a file whose extension is not on the list."""
    return UploadRefusedError(
        "kind", _("Files of this kind are not taken. Please upload one of these: %(kinds)s.") % {"kinds": rule.words}
    )


def too_large(rule: FileRule) -> UploadRefusedError:
    """Return the refusal of a file that is longer than the document's limit."""
    return UploadRefusedError(
        "size",
        _("The file is too large (at most %(megabytes)s MB). Please make it smaller or split it.")
        % {"megabytes": rule.megabytes},
    )


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
