"""The documents of a draft over HTTP: forms and files in parts, whatever a file is called and whatever it holds."""

from __future__ import annotations

import io
import random
import warnings
import zipfile
from html import unescape
from typing import Any

import pikepdf
import pytest
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks

from services.documents import storage
from services.documents.enums import UploadState
from services.documents.models import PartialUpload, Upload
from services.documents.queries import uploads_of
from tests import naughty
from tests.factories.documents import EICAR, files_on_disk, office_bytes, pdf_bytes, picture_bytes
from tests.portal.applicant.uploading import CODE, Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return Desk()


def names_shown(desk: Desk) -> str:
    return unescape(desk.client.get(desk.page).content.decode())


def test_a_form_takes_several_files_and_states_the_rule(desk: Desk) -> None:
    page = desk.client.get(desk.page).content.decode()
    assert "PDF、JPG、PNG" in page
    assert "20 MB" in page
    assert "尚未提交" in page
    two = [io.BytesIO(picture_bytes()), io.BytesIO(pdf_bytes())]
    two[0].name, two[1].name = "一.jpg", "二.pdf"  # type: ignore[attr-defined]
    answer = desk.client.post(desk.page, {"material": CODE, "file": two})
    assert answer.status_code == 302
    page = desk.client.get(desk.page).content.decode()
    assert "一.jpg" in page
    assert "二.pdf" in page
    assert 'data-state="ready"' in page
    desk.draft.refresh_from_db()
    assert desk.draft.draft_version > 1


def test_a_file_is_replaced_and_taken_back(desk: Desk) -> None:
    desk.post(picture_bytes(), "old.jpg")
    old = Upload.objects.get()
    desk.post(picture_bytes(), "new.jpg", replaces=old.public_id)
    new = uploads_of("application", desk.draft.pk).get()
    assert new.original_name == "new.jpg"
    for _twice in range(2):
        assert desk.client.post(desk.place("take_back"), {"upload": new.public_id}).status_code == 302
    assert not uploads_of("application", desk.draft.pk).exists()


def test_a_document_takes_what_its_guide_says() -> None:
    desk = Desk(rule={"file_kinds": ["jpg"], "largest_megabytes": 1, "most_files": 1})
    assert desk.post(pdf_bytes(), "a.pdf").status_code == 422
    assert desk.send(pdf_bytes(), "a.pdf").json()["code"] == "kind"
    assert desk.send(b"\xff\xd8\xff" + bytes(2**20), "a.jpg").json()["code"] == "size"
    assert desk.post(b"\xff\xd8\xff" + bytes(2**20), "a.jpg").status_code == 422
    assert desk.send(picture_bytes(), "a.JPG").status_code == 204
    page = desk.client.get(desk.page).content.decode()
    assert 'data-full="yes"' in page
    assert desk.send(picture_bytes(), "b.jpg").json()["code"] == "most"
    only = Upload.objects.get()
    assert desk.send(picture_bytes(), "b.jpg", replaces=only.public_id).status_code == 204
    assert uploads_of("application", desk.draft.pk).get().original_name == "b.jpg"


def large_picture() -> bytes:
    noise = random.Random(6).randbytes(300 * 300 * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (300, 300), noise).save(buffer, "PNG")
    return buffer.getvalue()


def test_an_interrupted_file_goes_on_where_it_stopped(
    desk: Desk, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    content, size = large_picture(), 100_000
    address = desk.begin(content, "狗.png")["Location"]
    assert desk.part(address, 0, content[:size])["Upload-Offset"] == str(size)
    # The answer was lost: the same part again changes nothing; another content at its place is refused.
    assert desk.part(address, 0, content[:size])["Upload-Offset"] == str(size)
    wrong = desk.part(address, 0, b"x" * size)
    assert (wrong.status_code, wrong["Upload-Offset"]) == (409, str(size))
    assert desk.part(address, size + 5, content[size + 5 :]).status_code == 409
    page = desk.client.get(desk.page).content.decode()
    assert "狗.png" in page
    assert 'data-state="partial"' in page
    # After a crash between disk and database, or a reload: the same file chosen again.
    with storage.path_of(PartialUpload.objects.get().storage_key).open("ab") as file:
        file.write(b"left over")
    again = desk.begin(content, "狗.png")
    assert (again["Location"], again["Upload-Offset"]) == (address, str(size))
    assert desk.offset(address) == size
    with django_capture_on_commit_callbacks(execute=True):
        assert desk.part(address, size, content[size:]).status_code == 204
    (upload,) = uploads_of("application", desk.draft.pk)
    assert storage.path_of(upload.original_key).read_bytes() == content
    # The last answer was lost too: nothing is stored twice, and the parts are gone.
    assert desk.part(address, size, content[size:]).status_code == 204
    assert desk.offset(address) == len(content)
    assert Upload.objects.count() == 1
    assert len(files_on_disk()) == 2


def test_a_process_that_died_while_finishing_is_made_up_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    content = large_picture()
    address = desk.begin(content, "a.png")["Location"]

    def die(*_args: Any, **_given: Any) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("services.cases.operations.documents.settle_upload", die)
        with pytest.raises(OSError, match="No space"):
            desk.part(address, 0, content)
    assert Upload.objects.get().state == UploadState.PENDING
    assert desk.part(address, len(content) - 1, content[-1:]).status_code == 204
    assert uploads_of("application", desk.draft.pk).get().state == UploadState.READY
    assert Upload.objects.count() == 1


def test_what_arrives_is_what_was_sent_or_refused(desk: Desk) -> None:
    content = picture_bytes()
    address = desk.begin(content, "a.jpg", sha256="0" * 64)["Location"]
    answer = desk.part(address, 0, content)
    assert (answer.status_code, answer.json()["code"]) == (422, "changed")
    assert desk.part(address, 0, content).status_code == 404
    assert not Upload.objects.exists()


def test_parts_are_announced_as_the_protocol_says(desk: Desk) -> None:
    content = picture_bytes()
    address = desk.begin(content, "a.jpg")["Location"]
    options = desk.client.options(desk.place("begin_part"))
    assert "creation" in options["Tus-Extension"]
    assert desk.client.head(address).status_code == 412
    tus = {"Tus-Resumable": "1.0.0"}
    for headers in ({}, {"Upload-Length": "-1"}, {"Upload-Length": "x" * 20}, {"Upload-Length": "5"}):
        bad = {**tus, **headers, "Upload-Metadata": "filename !!!"}
        assert desk.client.post(desk.place("begin_part"), headers=bad).status_code == 400
    sent = {"content_type": "application/offset+octet-stream", "headers": {**tus, "Upload-Offset": "0"}}
    assert desk.client.patch(address, b"x", content_type="text/plain", headers=tus).status_code == 415
    assert desk.client.patch(address, b"x", content_type=sent["content_type"], headers=tus).status_code == 400
    assert desk.client.patch(address, bytes(4 * 2**20 + 1), **sent).status_code == 413
    assert desk.client.patch(address, bytes(len(content) + 1), **sent).status_code == 409
    assert desk.client.delete(address, headers=tus).status_code == 204
    assert desk.client.head(address, headers=tus).status_code == 404
    for metadata in ({"filetype": "a\0b"}, {"filetype": "x" * 500}, {"replaces": "\0"}, {"replaces": "r" * 60}):
        assert desk.begin(content, "b.jpg", **metadata).status_code == 201, metadata
    for hostile in ("\0", "x" * 500, "𬴊"):
        assert desk.client.post(desk.place("take_back"), {"upload": hostile}).status_code == 302
        assert desk.post(content, "c.jpg", replaces=hostile).status_code == 302
    other = Desk()
    theirs = other.begin(content, "a.jpg")["Location"]
    assert desk.client.patch(theirs, content, **sent).status_code == 404
    assert desk.client.post(other.place("begin_part"), headers=tus).status_code == 404
    assert other.offset(theirs) == 0


def test_nobody_hands_in_without_end(desk: Desk, settings: Any) -> None:
    settings.UPLOAD_APPLICATION_MEGABYTES = 0
    assert desk.send(picture_bytes(), "a.jpg").json()["code"] == "quota"
    assert desk.post(picture_bytes(), "a.jpg").status_code == 422
    settings.UPLOAD_APPLICATION_MEGABYTES, settings.UPLOAD_PERSON_MEGABYTES = 100, 0
    assert "明天" in desk.send(picture_bytes(), "a.jpg").json()["message"]
    assert not files_on_disk()


def bomb() -> bytes:
    return office_bytes({"word/media/bomb.bin": bytes(5_000_000)})


def pixels() -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.new("1", (16_000, 16_000)).save(buffer, "PNG")
    return buffer.getvalue()


def with_zip(content: bytes) -> bytes:
    hidden = io.BytesIO()
    with zipfile.ZipFile(hidden, "w") as archive:
        archive.writestr("evil.js", "alert(1)")
    return content + hidden.getvalue()


GIF_JS = b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)"
LOCKED = pdf_bytes(encryption=pikepdf.Encryption(user="", owner="secret"))
#: name, content, media type -> the word of the refusal, "" if a harmless copy is kept.
CORPUS = [
    ("eicar.pdf", EICAR, "application/pdf", "virus"),
    ("eicar.docx", office_bytes({"word/media/a.bin": EICAR}), "", "virus"),
    ("gif-and-js.jpg", GIF_JS, "image/jpeg", "mismatch"),
    ("gif-and-js.gif", GIF_JS, "image/gif", "kind"),
    ("pdf-and-zip.pdf", with_zip(pdf_bytes()), "application/pdf", ""),
    ("picture-and-zip.jpg", with_zip(picture_bytes()), "image/jpeg", ""),
    ("42.zip", with_zip(b""), "application/zip", "kind"),
    ("zip.docx", with_zip(b""), "", "damaged"),
    ("bomb.docx", bomb(), "", "bomb"),
    ("pixels.png", pixels(), "image/png", "pixels"),
    ("empty.pdf", b"", "application/pdf", "empty"),
    ("wrong.pdf", picture_bytes(), "application/pdf", "mismatch"),
    ("wrong.jpg", picture_bytes(), "application/pdf", "mismatch"),
    ("double.pdf.exe", pdf_bytes(), "", "kind"),
    ("double.exe.pdf", pdf_bytes(), "", ""),
    ("truncated.pdf", pdf_bytes(3)[:-150], "", "damaged"),
    ("truncated.jpg", picture_bytes(size=(400, 400))[:700], "", "damaged"),
    ("locked.pdf", LOCKED, "", "protected"),
    ("page.html", b"<html><script>alert(1)</script>", "text/html", "kind"),
    ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "kind"),
]


@pytest.mark.parametrize(("name", "content", "media_type", "code"), CORPUS, ids=[row[0] for row in CORPUS])
def test_what_a_file_holds(desk: Desk, name: str, content: bytes, media_type: str, code: str) -> None:
    answer = desk.post(content, name, media_type)
    assert answer.status_code == (422 if code else 302)
    if code:
        assert 'role="alert"' in answer.content.decode()
    sent = desk.send(content, name, filetype=media_type)
    assert (sent.json()["code"] if code else sent.status_code) == (code or 204)
    kept = list(uploads_of("application", desk.draft.pk))
    assert len(kept) == (0 if code else 2)
    for upload in kept:
        response = desk.client.get(f"/my/uploads/{upload.public_id}/")
        copy = b"".join(response.streaming_content)  # type: ignore[attr-defined]
        assert not zipfile.is_zipfile(io.BytesIO(copy))
        assert response["Content-Disposition"].startswith("attachment")


def test_whatever_a_file_is_called(desk: Desk) -> None:
    taken = []
    for number, name in enumerate([*naughty.file_names(), *naughty.HAN, "文" * 190 + ".pdf", "双.重.pdf"]):
        is_picture = name.lower().endswith((".png", ".jpg"))
        content = picture_bytes("PNG" if name.endswith(".png") else "JPEG") if is_picture else pdf_bytes()
        content = content if is_picture else content + b"\n%%%d\n" % number
        sent = desk.send(content, name)
        if sent.status_code == 204:
            taken.append(name)
        else:
            assert sent.status_code == 422, name
            assert sent.json()["message"], name
        Upload.objects.update(material_code="elsewhere")
    assert {"%2e%2e%2fx.pdf", ";rm -rf x;.pdf", '"quote".pdf', "x'.pdf", "e\u0301.pdf", "con.pdf"} <= set(taken)
    assert not {"../../etc/passwd", "x\0.pdf", "x.pdf\r\nSet-Cookie: a=b", "..", ".pdf", "x.pHp"} & set(taken)
    Upload.objects.update(material_code=CODE)
    page = desk.client.get(desk.page).content.decode()
    assert "<img src=x" not in page
    for upload in uploads_of("application", desk.draft.pk):
        assert upload.original_name in unescape(page)
        disposition = desk.client.get(f"/my/uploads/{upload.public_id}/")["Content-Disposition"]
        assert disposition.isascii()
        assert disposition.isprintable()
    assert {upload.original_name for upload in Upload.objects.all()} == set(taken)


def test_names_in_a_form_lose_folders_or_are_refused(desk: Desk) -> None:
    """A browser's form never holds a folder or what nobody sees: the parser drops it (RFC 7578, 4.2), then we look."""
    for name in [one for one in naughty.file_names() if "\r" not in one]:
        answer = desk.post(pdf_bytes(), name)
        assert answer.status_code in (302, 422), name
        Upload.objects.update(material_code="elsewhere")
    names = {upload.original_name for upload in Upload.objects.all()}
    assert "x'.pdf" in names
    assert not any("\0" in name or "/" in name or "\u202e" in name or len(name) > 200 for name in names)


def test_pictures_are_drawn_by_the_server(desk: Desk) -> None:
    desk.post(picture_bytes(size=(400, 300)), "a.jpg")
    desk.post(pdf_bytes(), "b.pdf")
    for upload in Upload.objects.all():
        response = desk.client.get(f"/my/uploads/{upload.public_id}/picture/")
        assert response["Content-Type"] == "image/png"
        assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
        with Image.open(io.BytesIO(b"".join(response.streaming_content))) as picture:  # type: ignore[attr-defined]
            assert max(picture.size) in range(90, 200)
        assert Desk().client.get(f"/my/uploads/{upload.public_id}/picture/").status_code == 404
    desk.post(office_bytes({}), "c.docx")
    word = Upload.objects.get(original_name="c.docx")
    assert desk.client.get(f"/my/uploads/{word.public_id}/picture/").status_code == 404
