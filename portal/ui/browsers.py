"""What somebody calls the browser she signed in with."""

from __future__ import annotations

#: The first that stands in what a browser says of itself names it: most of them claim to be others as well.
_BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("AlipayClient", "Alipay"),
    ("HuaweiBrowser", "Huawei Browser"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
_MACHINES = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)
_LONGEST = 40


def browser_words(user_agent: str) -> str:
    """Return the names of browser and machine, "Chrome · Windows"; else what it says, shortened."""
    found = [next((word for mark, word in known if mark in user_agent), "") for known in (_BROWSERS, _MACHINES)]
    return " · ".join(filter(None, found)) or user_agent[:_LONGEST]
