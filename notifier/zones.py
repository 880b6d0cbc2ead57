"""Time zones as they are today: Iran has had no summer time since 2022, and old systems do not know it yet."""

import zoneinfo
from datetime import UTC, datetime, timedelta

_TEHRAN = timedelta(hours=3, minutes=30)
_SUMMERS = [datetime(year, 7, 1, tzinfo=UTC) for year in (2023, 2026, 2035)]


def outdated() -> str | None:
    """Where Tehran's summers are an hour off (the places that zones are read from); None where they are right."""
    try:
        zone = zoneinfo.ZoneInfo("Asia/Tehran")
    except zoneinfo.ZoneInfoNotFoundError:
        return None  # said by whatever needs it
    if all(summer.astimezone(zone).utcoffset() == _TEHRAN for summer in _SUMMERS):
        return None
    return ", ".join(zoneinfo.TZPATH) or "the package tzdata"


def _bundled() -> str | None:
    """Read zones from the package tzdata where the system's are outdated; where those were."""
    if (where := outdated()) is not None:
        zoneinfo.reset_tzpath(to=())
        zoneinfo.ZoneInfo.clear_cache()
    return where


OUTDATED = _bundled()
"""Where the system's zones are read from, if they are older than 2022b, and so not used; None for such as are right."""
