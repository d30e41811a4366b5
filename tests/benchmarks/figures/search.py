"""The search: how long a query takes over 3,000 items, against looking at every name; how long preparing takes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from portal.public.finding import Entry, Index, text
from tests.benchmarks.figure import Figure, Size

ITEMS = 3_000
LONGEST_NAME = 110
_TESTS = Path(__file__).parents[2]
_QUERIES = _TESTS / "portal" / "public" / "finding" / "queries.yaml"
_CATALOGUE = _TESTS.parent / "services" / "catalogue" / "data"
#: Words that names of items are made of, so that what is searched looks like a real list.
_PARTS = (  # noqa: SIM905 — a row of words reads better
    "养老保险 失业保险 工伤保险 社会保障卡 居民身份证 户口登记 建筑工程 城市道路 危险废物 饮用水供水单位 "
    "互联网上网服务营业场所 第二类易制毒化学品 历史文化街区 生产建设项目 职业培训 公共场所 道路运输 特种设备 "
    "劳务派遣 医疗机构 食品小作坊 户外广告 申领 核发 备案 变更 注销 审批 登记 补办 延续 查询 认定 确认 许可 "
    "证明 资格认证 待遇 补贴 待遇重核 异地办理"
).split()


@lru_cache(maxsize=1)
def entries() -> Sequence[Entry]:
    """Return the city's services and bundles, and made-up items with names of up to 110 characters."""
    files = [*sorted(_CATALOGUE.glob("bundles/*.yaml")), *sorted(_CATALOGUE.glob("services/*.yaml"))]
    made = [_entry(yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)) for file in files]
    dice = random.Random(1)
    while len(made) < ITEMS:
        name = ""
        longest = dice.choice((12, 20, 30, 45, LONGEST_NAME))
        while len(name) < longest:
            name += dice.choice(_PARTS) + dice.choice(("", "（新办）", "、", "及其他"))
        made.append(Entry(key=f"made-{len(made)}", names=(name[:longest],), texts=(dice.choice(_PARTS) + "局",)))
    return made


def _entry(row: dict[str, Any]) -> Entry:
    texts = [*row["summary"].values(), *(words for faq in row.get("faqs", ()) for words in faq["question"].values())]
    return Entry(key=row["code"], names=tuple(row["name"].values()), texts=tuple(texts))


@lru_cache(maxsize=1)
def _index() -> Index:
    return Index(entries())


@lru_cache(maxsize=1)
def _asked() -> Sequence[str]:
    return [row["q"] for row in yaml.safe_load(_QUERIES.read_text(encoding="utf-8"))]


def _times(act: Callable[[str], object], rounds: int) -> list[float]:
    """Return the milliseconds of each query, the least of some rounds.

    It is the thread's own time: nothing here waits, so on a quiet machine it is what a clock on the wall shows.
    """
    found = []
    for query in _asked():
        act(query)
        taken = []
        for _ in range(rounds):
            began = time.thread_time()
            act(query)
            taken.append((time.thread_time() - began) * 1e3)
        found.append(min(taken))
    return sorted(found)


def query(size: Size) -> Figure:
    """Time every query of the test set; the figure is the slowest but one in twenty."""
    times = _times(_index().find, size.rounds)
    return Figure(
        name="search",
        title=f"a search over {ITEMS} items, 95th percentile of {len(times)} queries",
        unit="ms",
        value=times[int(len(times) * 0.95)],
        must=50,
        hope=15,
        detail={"median": round(median(times), 2), "slowest": round(times[-1], 2), "queries": len(times)},
    )


def ratio(size: Size) -> Figure:
    """Compare all queries with looking at every name for them."""
    plain = [(entry.key, " ".join(entry.names).casefold()) for entry in entries()]
    ours = sum(_times(_index().find, size.rounds))
    floor = sum(_times(lambda asked: [key for key, names in plain if asked.casefold() in names], size.rounds))
    return Figure(
        name="search_ratio",
        title="a search, against looking for the words in every name",
        unit="times",
        value=ours / floor,
        must=60,
        hope=25,
        detail={"search_ms": round(ours, 1), "floor_ms": round(floor, 1)},
    )


def build(size: Size) -> Figure:
    """Time preparing 3,000 items from nothing: what the first visitor after a change waits for, in each process."""
    rounds = []
    for _ in range(3 if size.quick else size.rounds):
        text.prepared.cache_clear()
        text.syllables.cache_clear()
        began = time.thread_time()
        Index(entries())
        rounds.append(time.thread_time() - began)
    return Figure(
        name="search_build",
        title=f"preparing {ITEMS} items for the search, from nothing",
        unit="s",
        value=median(rounds),
        must=6,
        hope=3,
        rounds={"seconds": [round(one, 2) for one in rounds]},
    )
