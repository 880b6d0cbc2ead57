"""The account's messages and its money."""

import heapq
from collections.abc import Iterator
from datetime import datetime

import msgspec

from notifier.clock import Clock
from notifier.simulator.codes import REFUNDED, RefusedError
from notifier.simulator.records import SimulatedMessage


class SimulatedOutbox:
    """Every accepted message in the order of acceptance; what is read is as it stands at that moment."""

    def __init__(self, *, clock: Clock, credit: int) -> None:
        self._clock = clock
        self._credit = credit
        self._messages: dict[int, SimulatedMessage] = {}
        self._by_localid: dict[int, int] = {}
        self._refunds: list[tuple[datetime, int]] = []
        self._refunded: set[int] = set()

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[SimulatedMessage]:
        now = self._clock.now()
        return (message.at(now) for message in self._messages.values())

    @property
    def credit(self) -> int:
        """Rial left, what has become refundable by now included."""
        now = self._clock.now()
        while self._refunds and self._refunds[0][0] <= now:
            self._refund(self._messages[heapq.heappop(self._refunds)[1]].at(now))
        return self._credit

    @credit.setter
    def credit(self, rial: int) -> None:
        # What is due is paid out first, so that it is not added to the new figure later.
        _ = self.credit
        self._credit = rial

    def charge(self, rial: int) -> None:
        """Take the price of a call; 418 when it is not there."""
        if rial > self.credit:
            raise RefusedError(418)
        self._credit -= rial

    def add(self, message: SimulatedMessage) -> None:
        self._messages[message.messageid] = message
        if message.localid is not None:
            self._by_localid[message.localid] = message.messageid
        if message.fate in REFUNDED:
            heapq.heappush(self._refunds, (message.settled_at, message.messageid))

    def find(self, messageid: int) -> SimulatedMessage | None:
        message = self._messages.get(messageid)
        return message and message.at(self._clock.now())

    def find_localid(self, localid: int) -> SimulatedMessage | None:
        return self.find(self._by_localid.get(localid, 0))

    def settle(self, messageid: int, status: int) -> SimulatedMessage:
        """End the message now, with this status, whatever was to become of it."""
        now = self._clock.now()
        message = msgspec.structs.replace(self._messages[messageid], fate=status, settled_at=now).at(now)
        self._messages[messageid] = message
        self._refund(message)
        return message

    def _refund(self, message: SimulatedMessage) -> None:
        if message.status in REFUNDED and message.messageid not in self._refunded:
            self._refunded.add(message.messageid)
            self._credit += message.cost
