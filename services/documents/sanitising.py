"""Make a copy of an upload that carries nothing active: pictures drawn anew, PDFs stripped, office files checked."""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from services.documents.file_types import FileType, UploadRefusedError, refuse_test_virus_in

PIXEL_LIMIT = 50_000_000
PAGE_LIMIT = 500
OBJECT_LIMIT = 100_000
OBJECT_STREAM_LIMIT = 64 * 1024 * 1024
OFFICE_ENTRY_LIMIT = 2_000
OFFICE_SIZE_LIMIT = 200 * 1024 * 1024
OFFICE_RATIO_LIMIT = 100
# What a PDF may run, open, send or carry. A paper for an office needs none of it.
_ACTIVE_KEYS = ("/OpenAction", "/AA", "/JS", "/JavaScript", "/XFA", "/EmbeddedFiles", "/EF", "/AF", "/RichMediaContent")
_ACTIVE_ACTIONS = frozenset(
    {
        "/JavaScript",
        "/Launch",
        "/GoToR",
        "/GoToE",
        "/SubmitForm",
        "/ImportData",
        "/Rendition",
        "/RichMediaExecute",
        "/Movie",
    }
)
_ACTIVE_ANNOTATIONS = frozenset({"/RichMedia", "/FileAttachment", "/Movie", "/Sound", "/Screen", "/3D"})
_OBJECT_OR_STREAM = re.compile(rb"endstream|endobj|obj|stream\r?\n")
# One Flate filter, the only form that PDF writers use for these tables; any other comes without `one`.
_FILTER = re.compile(rb"/Filter\s*(?P<one>\[?\s*/(?:FlateDecode|Fl)\s*\]?\s*(?=[/>]))?")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_OFFICE_MAIN_PART = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}


def sanitised(path: Path, *, file_type: FileType, extension: str) -> bytes:
    """Return the bytes to show and to hand on, without active content, metadata of the camera or hidden extra files.

    path: the received original, already identified. extension: lower case, without dot.
    Raises UploadRefusedError when the file is damaged, protected or beyond a limit.
    """
    return _TREATMENTS[file_type.treatment](path, extension)


def _picture(path: Path, extension: str) -> bytes:
    try:
        with Image.open(path, formats=["PNG"] if extension == "png" else ["JPEG"]) as opened:
            if opened.width * opened.height > PIXEL_LIMIT:
                raise _too_large_picture()
            upright = ImageOps.exif_transpose(opened)
            return _encoded(upright, extension)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large_picture() from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, zlib.error, EOFError) as error:
        raise UploadRefusedError(
            "damaged", _("The picture is damaged. Please take the photo or scan again and upload the new file.")
        ) from error


def _encoded(picture: Image.Image, extension: str) -> bytes:
    buffer = io.BytesIO()
    # Only the pixels move to the new file: no EXIF (place, device, owner), no comments, nothing after the end mark.
    if extension == "png":
        plain = picture.convert("RGBA" if "A" in picture.getbands() or "transparency" in picture.info else "RGB")
        plain.info.clear()
        plain.save(buffer, "PNG", optimize=False)
    else:
        plain = picture.convert("RGB")
        plain.info.clear()
        plain.save(buffer, "JPEG", quality=90, subsampling=0)
    return buffer.getvalue()


def _too_large_picture() -> UploadRefusedError:
    return UploadRefusedError(
        "pixels",
        _("The picture has too many pixels. Please make it smaller (at most 50 megapixels) and upload it again."),
    )


def _pdf(path: Path, extension: str) -> bytes:
    _refuse_inflating(path.read_bytes())
    try:
        # Without recovery: a file that must be repaired may show something else in another reader.
        with pikepdf.open(path, attempt_recovery=False) as pdf:
            _check_pdf(pdf)
            _strip_pdf(pdf)
            buffer = io.BytesIO()
            pdf.save(buffer, linearize=True, deterministic_id=True)
            return buffer.getvalue()
    except pikepdf.PasswordError as error:
        raise _protected_pdf() from error
    except (pikepdf.PdfError, RuntimeError, ValueError, KeyError, AttributeError) as error:
        raise _damaged_pdf() from error


def _refuse_inflating(content: bytes) -> None:
    """Refuse a PDF whose packed object tables unpack to far more than a paper needs.

    Opening a PDF unpacks these streams at once and without a limit; pages and pictures stay packed.
    """
    room = OBJECT_STREAM_LIMIT
    for header, start in _packed_tables(content):
        filters = _FILTER.search(header)
        if filters is None:
            continue
        if filters["one"] is None:
            raise _damaged_pdf()
        with contextlib.suppress(zlib.error):
            room -= len(zlib.decompressobj().decompress(content[start:], room))
        if room <= 0:
            raise _inflating()


def _packed_tables(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Return header and start of every object stream and cross-reference stream; linear in the length."""
    begun = 0
    for word in _OBJECT_OR_STREAM.finditer(content):
        if word.group() == b"obj":
            begun = word.end()
        elif word.group().startswith(b"stream"):
            header = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), content[begun : word.start()])
            begun = word.end()
            if b"/ObjStm" in header or b"/XRef" in header:
                yield header, word.end()


def _check_pdf(pdf: pikepdf.Pdf) -> None:
    if pdf.is_encrypted:
        raise _protected_pdf()
    if len(pdf.pages) == 0:
        raise _damaged_pdf()
    if len(pdf.pages) > PAGE_LIMIT or len(pdf.objects) > OBJECT_LIMIT:
        raise UploadRefusedError(
            "pages", _("The PDF is too large (at most 500 pages). Please split it and upload the parts.")
        )


def _strip_pdf(pdf: pikepdf.Pdf) -> None:
    for thing in _dictionaries(pdf):
        for key in _ACTIVE_KEYS:
            if key in thing:
                del thing[key]
        if _named(thing, "/S") in _ACTIVE_ACTIONS:
            # Left in place, an action without a kind does nothing; the page that refers to it stays whole.
            del thing["/S"]
        if "/Annots" in thing and isinstance(thing["/Annots"], pikepdf.Array):
            _strip_annotations(thing["/Annots"])


def _strip_annotations(annotations: pikepdf.Array) -> None:
    for index in reversed(range(len(annotations))):
        annotation = annotations[index]
        if isinstance(annotation, pikepdf.Dictionary) and _named(annotation, "/Subtype") in _ACTIVE_ANNOTATIONS:
            del annotations[index]


def _dictionaries(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Every dictionary and stream dictionary of the file, nested ones too; an explicit stack, so depth cannot hurt."""
    stack: list[pikepdf.Object] = [*pdf.objects, pdf.trailer]
    while stack:
        thing = stack.pop()
        if isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
            yield thing
            stack.extend(value for value in (thing[key] for key in list(thing.keys())) if _nested(value))
        elif isinstance(thing, pikepdf.Array):
            stack.extend(value for value in thing if _nested(value))


def _nested(value: object) -> bool:
    # Indirect objects are in pdf.objects already; following them again would loop.
    return isinstance(value, pikepdf.Dictionary | pikepdf.Array) and not value.is_indirect


def _named(thing: pikepdf.Object, key: str) -> str:
    value = thing.get(key)
    return str(value) if isinstance(value, pikepdf.Name) else ""


def _protected_pdf() -> UploadRefusedError:
    return UploadRefusedError(
        "protected", _("The PDF is protected by a password. Please save it without protection and upload it again.")
    )


def _damaged_pdf() -> UploadRefusedError:
    return UploadRefusedError("damaged", _("The PDF is damaged. Please print it to a new PDF and upload that."))


def _inflating() -> UploadRefusedError:
    return UploadRefusedError(
        "bomb", _("The file unpacks to far more than it shows. Please save it as PDF and upload that.")
    )


def _office(path: Path, extension: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as package:
            _check_package(package, extension)
            for entry in package.infolist():
                with package.open(entry) as part:  # reading to the end also compares the checksum
                    refuse_test_virus_in(part)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError, OSError) as error:
        raise _damaged_office() from error
    return path.read_bytes()


def _check_package(package: zipfile.ZipFile, extension: str) -> None:
    entries = package.infolist()
    names = {entry.filename for entry in entries}
    if _OFFICE_MAIN_PART[extension] not in names or "[Content_Types].xml" not in names:
        raise _damaged_office()
    size = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if len(entries) > OFFICE_ENTRY_LIMIT or size > OFFICE_SIZE_LIMIT or size / packed > OFFICE_RATIO_LIMIT:
        raise _inflating()
    if any(_is_active_part(name) for name in names) or _has_outside_links(package):
        raise UploadRefusedError(
            "macros",
            _("The file contains macros, programs or links to outside files. Please save it as PDF and upload that."),
        )


def _is_active_part(name: str) -> bool:
    lowered = name.lower()
    return (
        lowered.endswith(("vbaproject.bin", ".exe", ".js", ".vbs"))
        or "/embeddings/" in lowered
        or "/activex/" in lowered
    )


def _has_outside_links(package: zipfile.ZipFile) -> bool:
    for entry in package.infolist():
        if entry.filename.endswith(".rels"):
            text = package.read(entry).lower()
            # A hyperlink opens on a click; everything else outside would be fetched by merely opening the file.
            if text.count(b'targetmode="external"') > text.count(b"/relationships/hyperlink"):
                return True
    return False


def _damaged_office() -> UploadRefusedError:
    return UploadRefusedError("damaged", _("The file is damaged. Please save it as PDF and upload that."))


_TREATMENTS: dict[str, Callable[[Path, str], bytes]] = {"image": _picture, "pdf": _pdf, "office": _office}
