"""Quiet hours: the part of the night in which texts that can wait are not sent."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``start`` until before ``end``, over midnight if ``end`` is the earlier. By the shop's clock."""

    start: time
    end: time
    enabled: bool = True

    def __post_init__(self) -> None:
        if self.start.tzinfo or self.end.tzinfo:
            raise ValueError("Quiet hours are times of the shop's clock; write them without a zone, for example 22:00")
        if self.start == self.end:
            raise ValueError(
                f"from and to are the same: quiet hours from {self.start} to {self.end} are no window; to switch them "
                "off write enabled = false"
            )

    def next_allowed(self, moment: datetime, zone: tzinfo) -> datetime:
        """``moment`` itself outside quiet hours, else their end."""
        local = _local(moment, zone)
        if not (self.enabled and self.covers(local.time())):
            return moment
        day = local.date() if local.time() < self.end else local.date() + timedelta(days=1)
        # The fold: in an hour that the clock shows twice, the end meant is of the same round. Through UTC, since the
        # end may be in an hour that the clock skips.
        end = datetime.combine(day, self.end, tzinfo=zone).replace(fold=local.fold)
        return end.astimezone(UTC).astimezone(zone)

    def covers(self, clock: time) -> bool:
        """Whether the shop's clock shows a quiet hour."""
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


_NIGHT = QuietHours(start=time(22), end=time(8))
_TEHRAN = ZoneInfo("Asia/Tehran")


def polite(moment: datetime) -> datetime:
    """When a call that nobody asked for may ring in Iran: ``moment`` itself, or the next morning."""
    return _NIGHT.next_allowed(moment, _TEHRAN)


def _local(moment: datetime, zone: tzinfo) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"The time {moment} has no time zone; give one, Asia/Tehran for the shop's own time.")
    return moment.astimezone(UTC).astimezone(zone)
