"""Draw the first page of a PDF as PNG in a process of its own: `python -m services.documents.page_drawing IN OUT WIDTH`

A file from anybody may make a renderer run or eat without end. Here it has ten seconds and a gigabyte, and nothing of
ours in its memory. No Django is loaded.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS = 10
MEMORY = 2**30


class PageNotDrawnError(Exception):
    """The renderer gave up, took too long or too much."""


def draw_first_page(pdf: Path, *, width: int) -> bytes:
    """Return the first page as PNG, `width` pixels wide. Raises PageNotDrawnError."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.png"
        command = [sys.executable, "-m", "services.documents.page_drawing", str(pdf), str(page), str(width)]
        try:
            root = Path(__file__).resolve().parents[2]
            subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=2 * SECONDS, env={})
            return page.read_bytes()
        except (subprocess.SubprocessError, OSError) as error:
            raise PageNotDrawnError(type(error).__name__) from error


def _main(pdf: Path, page: Path, width: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    import typst

    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(pdf, Path(folder) / "given.pdf")
        # 72 points to the inch and as many dots: a point is a pixel.
        source = (
            "#set page(width: auto, height: auto, margin: 0pt, fill: white)\n"
            f'#image("/given.pdf", page: 1, width: {width}pt)'
        )
        drawn = typst.compile(source.encode(), root=folder, format="png", ppi=72.0)
    if isinstance(drawn, list):
        drawn = drawn[0]
    if not isinstance(drawn, bytes):
        raise SystemExit(1)
    page.write_bytes(drawn)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
