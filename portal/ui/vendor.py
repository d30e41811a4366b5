"""Serve the few files of front-end packages that pages use, out of `node_modules`, under our own addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage


class VendorFinder(BaseFinder):
    """A static-files finder over settings.VENDOR_FILES: {prefix: (folder in node_modules, [patterns])}."""

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Find nothing wrong: packages that are not installed yet show up as missing files."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """Return the file that is served under `path`, or [] when it is none of ours."""
        for prefix, folder, patterns in _entries():
            inside = path.removeprefix(f"{prefix}/")
            if inside != path and inside in _names(folder, patterns):
                found = str(folder / inside)
                return [found] if find_all else found
        return []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Any]]:
        """Yield (path in its folder, storage) of every file, as `collectstatic` wants it."""
        for prefix, folder, patterns in _entries():
            storage = FileSystemStorage(location=folder)
            storage.prefix = prefix  # type: ignore[attr-defined]  # Django's convention between finders and storages
            for name in sorted(_names(folder, patterns)):
                yield name, storage


def _entries() -> Iterator[tuple[str, Path, list[str]]]:
    for prefix, (folder, patterns) in settings.VENDOR_FILES.items():
        yield prefix, Path(settings.NODE_MODULES) / folder, patterns


def _names(folder: Path, patterns: Iterable[str]) -> set[str]:
    return {
        found.relative_to(folder).as_posix()
        for pattern in patterns
        for found in folder.glob(pattern)
        if found.is_file()
    }
