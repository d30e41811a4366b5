"""Files people hand in: taken clean, or refused with words that help."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.conf import settings
from django.utils.translation import override
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks

from services.access.queries import accesses_to
from services.documents import storage
from services.documents.enums import UploadState
from services.documents.models import Upload
from services.documents.operations import (
    UploadNotReadyError,
    UploadRefusedError,
    open_upload,
    remove_upload,
    store_upload,
)
from services.documents.queries import uploads_of
from tests.factories.accounts import UserFactory
from tests.factories.documents import (
    EICAR,
    files_on_disk,
    make_upload,
    office_bytes,
    pdf_bytes,
    picture_bytes,
)
from tests.factories.papers import AT

pytestmark = pytest.mark.django_db
HOSTILE = Path(os.environ.get("SHARED_DATA", Path(settings.ROOT) / ".." / "shared" / "data")) / "hostile"


def refusal(**given: Any) -> str:
    with pytest.raises(UploadRefusedError) as caught:
        make_upload(**given)
    assert not Upload.objects.exists()
    assert files_on_disk() == []
    return caught.value.code


def test_picture_is_kept_twice_original_and_without_metadata() -> None:
    exif = Image.Exif()
    exif[0x010F] = "CameraOfThePerson"
    content = picture_bytes(exif=exif.tobytes())
    assert b"CameraOfThePerson" in content

    upload = make_upload(content=content)

    shown = storage.path_of(upload.storage_key).read_bytes()
    original = storage.path_of(upload.original_key).read_bytes()
    assert original == content
    assert upload.original_sha256 == hashlib.sha256(content).hexdigest()
    assert b"CameraOfThePerson" not in shown
    assert upload.sha256 == hashlib.sha256(shown).hexdigest()
    assert (upload.size, upload.media_type, upload.state) == (len(shown), "image/jpeg", UploadState.READY)
    assert "布局图" not in upload.storage_key
    assert list(uploads_of("application", 1)) == [upload]
    assert len(files_on_disk()) == 2


def test_picture_stands_upright_as_the_camera_meant() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    upload = make_upload(content=picture_bytes(size=(40, 20), exif=exif.tobytes()))
    with Image.open(storage.path_of(upload.storage_key)) as picture:
        assert picture.size == (20, 40)


def test_png_keeps_transparency_and_loses_text() -> None:
    from PIL.PngImagePlugin import PngInfo

    note = PngInfo()
    note.add_text("Author", "SomebodySecret")
    buffer = io.BytesIO()
    Image.new("RGBA", (5, 5), (0, 0, 0, 0)).save(buffer, "PNG", pnginfo=note)
    upload = make_upload(content=buffer.getvalue(), original_name="a.png", declared_type="image/png")
    path = storage.path_of(upload.storage_key)
    assert b"SomebodySecret" not in path.read_bytes()
    with Image.open(path) as picture:
        assert picture.mode == "RGBA"


def test_pdf_loses_everything_active() -> None:
    buffer = io.BytesIO()
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page()
        script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('boo')")
        pdf.Root.OpenAction = pdf.make_indirect(script)
        pdf.Root.AA = pikepdf.Dictionary(WC=pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('nested')"))
        pdf.attachments["payload.txt"] = pikepdf.AttachedFileSpec(pdf, b"payload", filename="payload.txt")
        page.obj.Annots = pikepdf.Array(
            [
                pikepdf.Dictionary(
                    Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9],
                    A=pikepdf.Dictionary(S=pikepdf.Name.Launch, F="cmd.exe"),
                ),
                pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.RichMedia, Rect=[0, 0, 9, 9]),
            ]
        )  # fmt: skip
        pdf.save(buffer)

    upload = make_upload(content=buffer.getvalue(), original_name="申请书.pdf", declared_type="application/pdf")

    with pikepdf.open(storage.path_of(upload.storage_key)) as clean:
        assert len(clean.pages) == 1
        assert "/OpenAction" not in clean.Root
        assert "/AA" not in clean.Root
        assert len(clean.attachments) == 0
        (annotation,) = clean.pages[0].obj.Annots
        assert "/S" not in annotation.A
        assert clean.is_linearized
    text = storage.path_of(upload.storage_key).read_bytes()
    assert b"app.alert" not in text


def test_protected_pdf_is_refused() -> None:
    content = pdf_bytes(encryption=pikepdf.Encryption(user="secret", owner="secret"))
    assert refusal(content=content, original_name="a.pdf", declared_type="application/pdf") == "protected"


def test_pdf_protected_against_changes_only_is_refused() -> None:
    content = pdf_bytes(encryption=pikepdf.Encryption(user="", owner="secret"))
    assert refusal(content=content, original_name="a.pdf", declared_type="application/pdf") == "protected"


def test_pdf_with_too_many_pages_is_refused() -> None:
    assert refusal(content=pdf_bytes(501), original_name="a.pdf", declared_type="application/pdf") == "pages"


def packed_table(header: bytes, packed: bytes) -> bytes:
    return (
        b"%PDF-1.7\n1 0 obj\n<<" + header + b"/Length %d>>\nstream\n" % len(packed) + packed + b"\nendstream\nendobj\n"
    )


@pytest.mark.parametrize("kind", [b"/Type/ObjStm", b"/Type/Obj#53tm", b"/Type /XRef"])
def test_pdf_that_unpacks_without_end_is_refused_unopened(kind: bytes) -> None:
    packed = zlib.compress(b"\0" * 70_000_000)
    content = packed_table(kind + b"/Filter/FlateDecode", packed)
    assert refusal(content=content, original_name="a.pdf", declared_type="") == "bomb"
    nested = packed_table(kind + b"/Filter[/FlateDecode/FlateDecode]", zlib.compress(packed))
    assert refusal(content=nested, original_name="a.pdf", declared_type="") == "damaged"


def test_pdf_with_packed_tables_as_every_writer_makes_them_is_taken() -> None:
    content = pdf_bytes(30, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"/ObjStm" in content
    assert make_upload(content=content, original_name="a.pdf", declared_type="").state == UploadState.READY


def test_zip_hidden_behind_a_pdf_does_not_survive() -> None:
    hidden = io.BytesIO()
    with zipfile.ZipFile(hidden, "w") as archive:
        archive.writestr("evil.js", "alert(1)")
    content = pdf_bytes() + hidden.getvalue()
    upload = make_upload(content=content, original_name="a.pdf", declared_type="application/pdf")
    assert zipfile.is_zipfile(storage.path_of(upload.original_key))
    assert not zipfile.is_zipfile(storage.path_of(upload.storage_key))


def test_zip_hidden_behind_a_picture_does_not_survive() -> None:
    hidden = io.BytesIO()
    with zipfile.ZipFile(hidden, "w") as archive:
        archive.writestr("evil.js", "alert(1)")
    upload = make_upload(content=picture_bytes() + hidden.getvalue())
    assert not zipfile.is_zipfile(storage.path_of(upload.storage_key))
    assert zipfile.is_zipfile(storage.path_of(upload.original_key))


@pytest.mark.parametrize(
    ("content", "name", "declared", "code"),
    [
        (EICAR, "eicar.pdf", "application/pdf", "virus"),
        (EICAR, "eicar.com", "", "kind"),
        (office_bytes({"word/media/image1.bin": EICAR}), "a.docx", "", "virus"),
        (picture_bytes()[:400] + EICAR, "a.jpg", "image/jpeg", "virus"),
        (b"%PDF-1.7\nnothing more", "a.pdf", "application/pdf", "damaged"),
        (pdf_bytes(3)[:-150], "a.pdf", "application/pdf", "damaged"),
        (picture_bytes(size=(400, 400))[:700], "a.jpg", "image/jpeg", "damaged"),
        (picture_bytes("PNG", size=(400, 400))[:120], "a.png", "image/png", "damaged"),
        (pdf_bytes(), "a.jpg", "image/jpeg", "mismatch"),
        (picture_bytes(), "a.pdf", "application/pdf", "mismatch"),
        (picture_bytes(), "a.jpg", "application/pdf", "mismatch"),
        (b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)", "a.jpg", "image/jpeg", "mismatch"),
        (picture_bytes("GIF"), "a.gif", "image/gif", "kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "image/svg+xml", "kind"),
        (b"<html></html>", "a.html", "text/html", "kind"),
        (picture_bytes(), "noextension", "image/jpeg", "kind"),
        (pdf_bytes(), "a.pdf.exe", "application/pdf", "kind"),
        (b"PK\x03\x04 not a package", "a.docx", "", "damaged"),
    ],
)  # fmt: skip
def test_what_is_refused(content: bytes, name: str, declared: str, code: str) -> None:
    assert refusal(content=content, original_name=name, declared_type=declared) == code


def test_empty_file_is_refused() -> None:
    assert refusal(file=io.BytesIO(b""), original_name="a.pdf", declared_type="application/pdf") == "empty"


def test_pixel_bomb_is_refused_before_it_is_drawn() -> None:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.new("1", (16_000, 16_000)).save(buffer, "PNG")
    assert len(buffer.getvalue()) < 100_000
    assert refusal(content=buffer.getvalue(), original_name="a.png", declared_type="image/png") == "pixels"


def test_reading_stops_at_the_limit(settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 1024 * 1024

    class Endless:
        """A connection that never ends."""

        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"\xff" * size

    source = Endless()
    with pytest.raises(UploadRefusedError) as caught:
        store_upload(
            file=source, original_name="a.jpg", declared_type="", subject_kind="application", subject_id=1,
            material_code="m", by=UserFactory(), at=AT,
        )  # fmt: skip
    assert caught.value.code == "size"
    assert source.given <= settings.UPLOAD_MAX_BYTES + storage.CHUNK_BYTES
    assert files_on_disk() == []


def test_plain_word_file_is_taken() -> None:
    link = b'<Relationship Type="http://x/relationships/hyperlink" TargetMode="External"/>'
    upload = make_upload(
        content=office_bytes({"word/_rels/document.xml.rels": link}), original_name="制度.docx", declared_type=""
    )
    assert upload.media_type.endswith("wordprocessingml.document")


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ({"word/vbaProject.bin": b"macro"}, "macros"),
        ({"word/embeddings/oleObject1.bin": b"x"}, "macros"),
        ({"word/_rels/document.xml.rels": b'<R Type="http://x/template" TargetMode="External"/>'}, "macros"),
        ({"word/media/bomb.bin": b"\0" * 5_000_000}, "bomb"),
    ],
)  # fmt: skip
def test_office_files_with_more_than_text_are_refused(entries: dict[str, bytes], code: str) -> None:
    assert refusal(content=office_bytes(entries), original_name="a.docx", declared_type="") == code


def test_sheet_named_word_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("xl/workbook.xml", "<x/>")
    assert refusal(content=buffer.getvalue(), original_name="a.docx", declared_type="") == "damaged"


def test_hostile_names_neither_break_nor_leave_the_folder() -> None:
    path = HOSTILE / "hostile_file_names.json"
    if not path.exists():
        pytest.skip(f"No hostile file names at {path}; set SHARED_DATA to the folder of test data.")
    owner = UserFactory()
    taken, offered = [], []
    for name in json.loads(path.read_text()):
        content = picture_bytes("PNG") if name.endswith("png") else pdf_bytes()
        # Shown exactly, or refused: nothing in between. Only what a download is offered as is made harmless.
        with contextlib.suppress(UploadRefusedError):
            upload = make_upload(content=content, original_name=name, declared_type="", by=owner)
            assert upload.original_name == name
            taken.append(name)
            offered.append(open_upload(upload=upload, reader=owner, purpose="x", at=AT).name)
    assert {'"quote".pdf', "<img src=x onerror=alert(1)>.png", "e\u0301.pdf", "name with spaces .pdf "} <= set(taken)
    assert not {"../../etc/passwd", "x\0.pdf", "invoice.pdf\u202efdp.exe", "\u200b.pdf", "a" * 300 + ".pdf"} & set(
        taken
    )
    for shown in offered:
        assert not set(shown) & set('/\\\0\r\n"<>|:*?\u202e'), shown
    root = Path(settings.MEDIA_ROOT).resolve()
    assert all(root in path.resolve().parents for path in files_on_disk())


def test_refusals_speak_the_reader_s_language() -> None:
    with override("en"), pytest.raises(UploadRefusedError, match="Files of this kind are not taken"):
        make_upload(original_name="a.exe")


def test_opening_is_written_down_and_removed_files_are_gone(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    upload = make_upload()
    reader = UserFactory()
    opened = open_upload(upload=upload, reader=reader, purpose="completeness check", case_ref="C-1", at=AT)
    assert opened.path.read_bytes()
    assert (opened.name, opened.media_type) == ("布局图.jpg", "image/jpeg")
    (access,) = accesses_to("application", 1)
    assert (access.reader, access.fields, access.case_ref) == (reader, ["file:layout-plan"], "C-1")
    assert open_upload(upload=upload, reader=reader, purpose="audit", at=AT, original=True).path != opened.path

    with django_capture_on_commit_callbacks(execute=True):
        removed = remove_upload(upload=upload, by=upload.owner, at=AT)
        remove_upload(upload=upload, by=reader, at=AT)
    assert removed.state == UploadState.REMOVED
    assert removed.removed_by == upload.owner
    assert files_on_disk() == []
    assert not uploads_of("application", 1).exists()
    with pytest.raises(UploadNotReadyError):
        open_upload(upload=removed, reader=reader, purpose="x", at=AT)


def test_a_subject_holds_a_limited_number_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.documents.operations.uploads.UPLOADS_PER_SUBJECT", 1)
    make_upload(material_code="a")
    with pytest.raises(UploadRefusedError) as caught:
        make_upload(material_code="b")
    assert caught.value.code == "count"
    assert uploads_of("application", 1, material_code="a").count() == 1
    assert uploads_of("application", 1, material_code="b").count() == 0


def test_a_crash_while_keeping_leaves_a_trace_and_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_args: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(storage, "keep", crash)
    with pytest.raises(OSError, match="No space"):
        make_upload()
    assert Upload.objects.get().state == UploadState.PENDING
    assert not uploads_of("application", 1).exists()
    assert files_on_disk() == []
    with pytest.raises(UploadNotReadyError):
        open_upload(upload=Upload.objects.get(), reader=UserFactory(), purpose="x", at=AT)
