"""A process as its designer drew it (BPMN DI), as shapes and lines with the words of the page's language.

The template public/process_diagram.html writes them as SVG: nothing is loaded and no script runs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from portal.ui.wording import is_chinese
from workflows.bpmn.document import BPMN, Document, Element, local_part, ours, read_document, stated
from workflows.models import ProcessDefinition

_DI = "http://www.omg.org/spec/BPMN/20100524/DI"
_DC = "http://www.omg.org/spec/DD/20100524/DC"
_WAY = "http://www.omg.org/spec/DD/20100524/DI"
_MARGIN = 12.0
#: Letters are 12 units high: what stands in a step, and what stands below a sign, at most so many units wide.
LETTER, LINE = 12.0, 15.0
_IN_STEP, _BELOW = 92.0, 100.0
_MOST_LINES = 5
_APPLICANT = "applicant"
_EVENTS = frozenset({"startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent"})


@dataclass(frozen=True)
class Line:
    """A line of words; x is its middle, y where the letters stand."""

    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Shape:
    """A drawn element. kind: step, gateway or event; mark: what is drawn in it. yours: it is the applicant's."""

    kind: str
    mark: str
    x: float
    y: float
    width: float
    height: float
    yours: bool
    lines: tuple[Line, ...]

    @property
    def middle_x(self) -> float:
        """The middle from left to right."""
        return self.x + self.width / 2

    @property
    def middle_y(self) -> float:
        """The middle from top to bottom."""
        return self.y + self.height / 2

    @property
    def radius(self) -> float:
        """Half of its height."""
        return self.height / 2

    @property
    def diamond(self) -> str:
        """The corners of a gateway."""
        corners = (
            (self.middle_x, self.y),
            (self.x + self.width, self.middle_y),
            (self.middle_x, self.y + self.height),
            (self.x, self.middle_y),
        )
        return " ".join(f"{x:g},{y:g}" for x, y in corners)


@dataclass(frozen=True)
class Edge:
    """A flow: its corners as SVG writes them, and its words."""

    points: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Diagram:
    """A drawing. box: as SVG's viewBox."""

    name: str
    box: str
    width: float
    height: float
    shapes: tuple[Shape, ...]
    edges: tuple[Edge, ...]


def diagram_of(definition: ProcessDefinition) -> Diagram | None:
    """Return the drawing of a published process in the page's language; None where its file has none."""
    return _drawn(definition.pk, definition.key, is_chinese())


@lru_cache(maxsize=128)
def _drawn(definition_id: int, key: str, chinese: bool) -> Diagram | None:
    source = ProcessDefinition.objects.values_list("source", flat=True).get(pk=definition_id)
    return drawing(read_document(source.encode()), key, chinese=chinese)


def drawing(document: Document, key: str, *, chinese: bool) -> Diagram | None:
    """Return the drawing in a BPMN file; None where nothing is drawn. Elements it does not know are boxes."""
    shapes = tuple(_shapes(document, chinese))
    edges = tuple(_edges(document, chinese))
    if not shapes:
        return None
    xs = [x for one in shapes for x in (one.x, one.x + one.width)]
    ys = [y for one in shapes for y in (one.y, one.y + one.height)]
    for line in (line for one in (*shapes, *edges) for line in one.lines):
        half = width_of(line.words) / 2
        xs += [line.x - half, line.x + half]
        ys += [line.y - LINE, line.y + LINE / 3]
    for edge in edges:
        points = [point.split(",") for point in edge.points.split(" ")]
        xs += [float(x) for x, _ in points]
        ys += [float(y) for _, y in points]
    left, top = min(xs) - _MARGIN, min(ys) - _MARGIN
    width, height = max(xs) + _MARGIN - left, max(ys) + _MARGIN - top
    process = next(iter(document.processes()), None)
    name = _words(process, chinese) if process is not None else key
    return Diagram(name, f"{left:g} {top:g} {width:g} {height:g}", width, height, shapes, edges)


def _shapes(document: Document, chinese: bool) -> Iterator[Shape]:
    for drawn in document.root.iter(f"{{{_DI}}}BPMNShape"):
        element, bounds = document.named(stated(drawn, "bpmnElement")), drawn.find(f"{{{_DC}}}Bounds")
        if element is None or bounds is None:
            continue
        x, y, width, height = _bounds(bounds)
        tag = local_part(element.tag, "}")
        kind = "event" if tag in _EVENTS else "gateway" if tag.endswith("Gateway") else "step"
        words = _words(element, chinese)
        if kind == "step":
            lines = wrapped(words, _IN_STEP)
            first = y + height / 2 - LINE * (len(lines) - 1) / 2 + LETTER / 3
            placed = _placed(lines, x + width / 2, first)
        else:
            lines = wrapped(words, _BELOW)
            # Flows leave a gateway below and to the right: its question stands above it.
            top = y - LINE * len(lines) - LINE / 3 if kind == "gateway" else y + height
            placed = _where_put(drawn, words) or _placed(lines, x + width / 2, top + LETTER)
        yours = ours(element, "role") == _APPLICANT
        yield Shape(kind, _mark(element, tag), x, y, width, height, yours, placed)


def _edges(document: Document, chinese: bool) -> Iterator[Edge]:
    for drawn in document.root.iter(f"{{{_DI}}}BPMNEdge"):
        element = document.named(stated(drawn, "bpmnElement"))
        points = [(float(one.get("x", 0)), float(one.get("y", 0))) for one in drawn.iter(f"{{{_WAY}}}waypoint")]
        if len(points) < 2:
            continue
        words = _words(element, chinese) if element is not None else ""
        yield Edge(" ".join(f"{x:g},{y:g}" for x, y in points), _where_put(drawn, words) or _beside(points, words))


def _beside(points: list[tuple[float, float]], words: str) -> tuple[Line, ...]:
    """Return the words of a flow at its longest stretch: above it, or to the right of one that runs up or down."""
    (x, y), (to_x, to_y) = max(
        pairwise(points), key=lambda ends: abs(ends[0][0] - ends[1][0]) + abs(ends[0][1] - ends[1][1])
    )
    middle_x, middle_y = (x + to_x) / 2, (y + to_y) / 2
    level = abs(x - to_x) >= abs(y - to_y)
    lines = wrapped(words, min(_BELOW, abs(x - to_x)) if level else _BELOW)
    if any(line.endswith("…") for line in lines):  # rather into the shapes beside it than cut
        lines = wrapped(words, _BELOW)
    if level:
        return _placed(lines, middle_x, middle_y - LINE * (len(lines) - 1) - LINE / 3)
    half = max(map(width_of, lines), default=0.0) / 2
    return _placed(lines, middle_x + half + LETTER / 2, middle_y)


def _where_put(drawn: Element, words: str) -> tuple[Line, ...]:
    """Return the words where the designer put them; nothing where she left that open."""
    bounds = drawn.find(f"{{{_DI}}}BPMNLabel/{{{_DC}}}Bounds")
    if bounds is None:
        return ()
    left, top, width, _ = _bounds(bounds)
    return _placed(wrapped(words, _BELOW), left + width / 2, top + LETTER)


def _placed(lines: Iterable[str], x: float, first: float) -> tuple[Line, ...]:
    return tuple(Line(x, first + LINE * number, words) for number, words in enumerate(lines))


def _bounds(bounds: Element) -> tuple[float, float, float, float]:
    x, y, width, height = (float(bounds.get(name, 0)) for name in ("x", "y", "width", "height"))
    return x, y, width, height


def _words(element: Element, chinese: bool) -> str:
    return stated(element, "name") if chinese else ours(element, "nameEn") or stated(element, "name")


def _mark(element: Element, tag: str) -> str:
    if tag.endswith("Gateway"):
        return {"parallelGateway": "plus", "inclusiveGateway": "circle", "eventBasedGateway": "star"}.get(tag, "cross")
    if tag in _EVENTS:
        timer = element.find(f"{{{BPMN}}}timerEventDefinition") is not None
        return "timer" if timer else {"startEvent": "start", "endEvent": "end"}.get(tag, "between")
    return {"userTask": "person", "callActivity": "call", "subProcess": "call"}.get(tag, "automatic")


def wrapped(words: str, width: float) -> list[str]:
    """Return words in lines of at most a width, broken between words, Chinese anywhere; what is too long is cut."""
    lines, line = [], ""
    for piece in _pieces(words):
        if line and width_of((line + piece).rstrip()) > width:
            lines.append(line.strip())
            line = ""
        line += piece
    lines += [line.strip()] if line.strip() else []
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1]}…"]
    return lines


def _pieces(words: str) -> Iterator[str]:
    """Yield what must not be broken: a Latin word with its space, one Chinese character."""
    piece = ""
    for one in words:
        if _is_wide(one):
            if piece:
                yield piece
            yield one
            piece = ""
        else:
            piece += one
            if one in " -/":
                yield piece
                piece = ""
    if piece:
        yield piece


def width_of(words: str) -> float:
    """Return about how wide words are: a Chinese character is as wide as high, others a little more than half."""
    return sum(LETTER if _is_wide(one) else LETTER * 0.56 for one in words)


def _is_wide(one: str) -> bool:
    return unicodedata.east_asian_width(one) in "WF"
