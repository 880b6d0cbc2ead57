"""Hours of a day and days of the calendar, as people write them into a field."""

import re
from collections.abc import Sequence
from datetime import date

import jdatetime

from notifier.console.refusals import PageRefusal
from notifier.domain import persian

MOST = 8
"""Spans of one day."""

_LONGEST = 200  # characters
_TO = re.compile(r"\s*(?:تا|[-–—−])\s*")
_BETWEEN = re.compile(r"\s*(?:[،؛,;\n]|\sو\s)\s*|\s+(?=\d{1,2}(?::\d\d)?-)")
_SPAN = re.compile(r"(\d{1,2})(?::(\d\d))?-(\d{1,2})(?::(\d\d))?")


def read(text: str) -> list[str]:
    """«۹ تا ۱۳ و ۱۴:۳۰ تا ۱۸» as `09:00-13:00`, `14:30-18:00`; nothing for an empty field. Raises PageRefusal."""
    if len(text) > _LONGEST:
        raise PageRefusal("ساعت‌های یک روز کوتاه‌تر از این است؛ نمونه: ۹:۰۰ تا ۱۳:۰۰، ۱۴:۰۰ تا ۱۸:۰۰.")
    latin = _TO.sub("-", persian.ascii_digits(text).strip().replace("٫", ":").replace(".", ":"))
    parts = [part for part in _BETWEEN.split(latin) if part]
    if len(parts) > MOST:
        raise PageRefusal(f"در یک روز حداکثر {persian.digits(MOST)} بازه بنویسید.")
    return [_span(part) for part in parts]


def written(spans: Sequence[str]) -> str:
    """As a field shows them."""
    return persian.digits("، ".join(span.replace("-", " تا ") for span in spans))


def day(text: str) -> date:
    """A day as Iranians write it, ۱۴۰۵/۰۹/۱۰, or by ISO 8601. Raises PageRefusal."""
    parts = re.split(r"[-/.]", persian.ascii_digits(text).strip()[:20])
    try:
        year, month, number = (int(part) for part in parts)
        found: date = jdatetime.date(year, month, number).togregorian() if year < 1700 else date(year, month, number)
    except ValueError:
        raise PageRefusal(f"روز «{text[:20]}» خوانده نشد؛ نمونه: ۱۴۰۵/۰۹/۱۰.") from None
    return found


def _span(text: str) -> str:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise PageRefusal(f"ساعت «{persian.digits(text[:40])}» خوانده نشد؛ نمونه: ۹:۰۰ تا ۱۳:۰۰، ۱۴:۰۰ تا ۱۸:۰۰.")
    from_hour, from_minute, to_hour, to_minute = (int(part or 0) for part in found.groups())
    if from_hour > 23 or to_hour > 24 or max(from_minute, to_minute) > 59 or (to_hour == 24 and to_minute):
        raise PageRefusal(f"ساعت «{persian.digits(text)}» در هیچ ساعتی نیست؛ از ۰۰:۰۰ تا ۲۴:۰۰ بنویسید.")
    if (from_hour, from_minute) == (to_hour, to_minute):
        raise PageRefusal(f"بازهٔ «{persian.digits(text)}» در همان ساعت آغاز، تمام می‌شود.")
    return f"{from_hour:02}:{from_minute:02}-{to_hour:02}:{to_minute:02}"
