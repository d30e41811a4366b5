"""A browser's side of handing in documents: forms, and files in parts as static/js/in_parts.js sends them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from services.cases.enums import ApplicationState
from services.cases.models import Application
from tests.factories.cases import ApplicationFactory
from tests.factories.catalogue import published_service
from tests.factories.parties import PersonFactory

CODE = "layout-plan"


@dataclass
class Desk:
    """Somebody with a draft that asks for one document, at her browser."""

    client: Client = field(default_factory=Client)
    rule: dict[str, Any] = field(default_factory=dict)
    kind, code = "draft", CODE

    def __post_init__(self) -> None:
        """Sign her in with a draft of hers."""
        self.person = PersonFactory()
        self.user = self.person.user
        self.client.force_login(self.user, backend="django.contrib.auth.backends.ModelBackend")
        service = published_service(form={"uses": ["person.name"]}, materials=[{"code": CODE, **self.rule}])
        self.draft: Application = ApplicationFactory(
            person=self.person, service=service, state=ApplicationState.DRAFT, number=None, submitted_at=None, run=None
        )

    @property
    def page(self) -> str:
        """The address of her documents."""
        return reverse("applicant:documents", args=[self.draft.public_id])

    def place(self, name: str) -> str:
        """Return an address about her document: document, begin_part, take_back."""
        return reverse(f"applicant:{name}", args=[self.kind, self.place_id, self.code])

    @property
    def place_id(self) -> str:
        """The id of what her page is about."""
        return self.draft.public_id

    def form(self, file: SimpleUploadedFile) -> dict[str, Any]:
        """Return what the page's form sends with a file."""
        return {"material": self.code, "file": file}

    def post(self, content: bytes, name: str, media_type: str = "", **more: Any) -> Any:
        """Hand in a file with the form."""
        file = SimpleUploadedFile("x", content, media_type or "application/octet-stream")
        file._name = name  # as hostile as it comes; the client writes it into the multipart header
        return self.client.post(self.page, {**self.form(file), **more})

    def begin(self, content: bytes, name: str, *, sha256: str | None = None, **metadata: str) -> Any:
        """Announce a file in parts."""
        digest = hashlib.sha256(content).hexdigest() if sha256 is None else sha256
        pairs = {"filename": name, "sha256": digest, **metadata}
        encoded = ",".join(
            f"{key} {base64.b64encode(value.encode('utf-8', 'surrogatepass')).decode()}" for key, value in pairs.items()
        )
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(content)), "Upload-Metadata": encoded}
        return self.client.post(self.place("begin_part"), headers=headers)

    def part(self, address: str, offset: int, part: bytes) -> Any:
        """Send a part."""
        return self.client.patch(
            address, part, content_type="application/offset+octet-stream",
            headers={"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset)},
        )  # fmt: skip

    def offset(self, address: str) -> int:
        """Ask how much arrived."""
        return int(self.client.head(address, headers={"Tus-Resumable": "1.0.0"})["Upload-Offset"])

    def send(self, content: bytes, name: str, *, size: int = 64 * 1024, **metadata: str) -> Any:
        """Send a file in parts; return the last answer."""
        answer = self.begin(content, name, **metadata)
        if answer.status_code != 201:
            return answer
        address = answer["Location"]
        for offset, part in _parts(content, size):
            answer = self.part(address, offset, part)
        return answer


def _parts(content: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    for offset in range(0, len(content), size):
        yield offset, content[offset : offset + size]
