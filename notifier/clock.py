"""The time, handed in: everything that asks what time it is asks a clock, so that tests and the demo can turn it."""

import time
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

TEHRAN = ZoneInfo("Asia/Tehran")


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware of its time zone."""


class SystemClock:
    """The machine's time, shown in the shop's zone."""

    def __init__(self, zone: ZoneInfo = TEHRAN) -> None:
        self._zone = zone

    def now(self) -> datetime:
        return datetime.now(self._zone)


class StillClock:
    """A clock that stands until it is turned: for tests and for the fast demo."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def turn_to(self, moment: datetime) -> None:
        """Move to ``moment``; a clock never goes back."""
        self._now = max(self._now, moment)

    def turn(self, step: timedelta) -> None:
        self.turn_to(self._now + step)


class RunningClock(StillClock):
    """A clock that can be turned and runs on at the true pace from where it was turned to."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._turned_at = time.monotonic()

    def now(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._turned_at)

    def turn_to(self, moment: datetime) -> None:
        self._now, self._turned_at = max(self.now(), moment), time.monotonic()
