"""What customers wrote to the account's lines."""

from datetime import datetime

import msgspec

from notifier.simulator.records import SimulatedInbound


class SimulatedInbox:
    """Customers' messages in the order of arrival."""

    def __init__(self) -> None:
        self._messages: dict[int, SimulatedInbound] = {}

    def add(self, message: SimulatedInbound) -> None:
        self._messages[message.messageid] = message

    def mark_read(self, messageid: int) -> None:
        self._messages[messageid] = msgspec.structs.replace(self._messages[messageid], is_read=True)

    def select(
        self,
        *,
        line: str | None = None,
        is_read: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[SimulatedInbound]:
        """The messages that fit everything asked for; None asks for nothing."""
        return [
            message
            for message in self._messages.values()
            if (line is None or message.receptor == line)
            and (is_read is None or message.is_read == is_read)
            and (since is None or message.received_at >= since)
            and (until is None or message.received_at <= until)
        ]
