"""The name of every key, in one place.

A key of one customer's data begins with its partition, ``n:{P}:``: what one unit of work touches lies in one slot of a
Redis Cluster.
"""

from dataclasses import dataclass
from zlib import crc32

INSTANCE = "n:instance"  # a random name of this store, made when it is first opened
STAFF = "n:staff"  # hash: staff id → record
WAKE = "n:wake"  # channel: something was put into an outbox


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one partition."""

    partition: int

    def order(self, source: str, order_id: str) -> str:
        return f"n:{{{self.partition}}}:order:{source}:{order_id}"

    def timeline(self, source: str, order_id: str) -> str:
        return f"n:{{{self.partition}}}:timeline:{source}:{order_id}"

    def seen(self, source: str, event_id: str) -> str:
        return f"n:{{{self.partition}}}:seen:{source}:{event_id}"

    def parked(self, source: str, order_id: str) -> str:
        return f"n:{{{self.partition}}}:parked:{source}:{order_id}"

    def message(self, message_id: str) -> str:
        return f"n:{{{self.partition}}}:message:{message_id}"

    def messages(self, state: str) -> str:
        """Messages in one state, by the unix ms they were created at."""
        return f"n:{{{self.partition}}}:messages:{state}"

    def call(self, call_id: str) -> str:
        return f"n:{{{self.partition}}}:call:{call_id}"

    def calls(self, state: str) -> str:
        """Calls in one state, by the unix ms they are due at."""
        return f"n:{{{self.partition}}}:calls:{state}"

    @property
    def orders(self) -> str:
        """All orders, by the unix ms they last changed at."""
        return f"n:{{{self.partition}}}:orders"

    @property
    def priority_orders(self) -> str:
        return f"n:{{{self.partition}}}:orders:high"

    @property
    def parked_orders(self) -> str:
        """Orders that events wait for, by the unix ms the first came at."""
        return f"n:{{{self.partition}}}:parked"

    @property
    def outbox(self) -> str:
        """Messages to be sent, by the unix ms from which they may be."""
        return f"n:{{{self.partition}}}:outbox"

    @property
    def sending(self) -> str:
        """Messages a worker has taken, by the unix ms at which its claim lapses."""
        return f"n:{{{self.partition}}}:sending"

    @property
    def in_turn(self) -> str:
        """Hash: customer → the message last taken for them, so that the next one waits for it."""
        return f"n:{{{self.partition}}}:in_turn"

    def provider_message(self, provider: str, provider_id: str) -> str:
        """Our message, by the provider's id for it."""
        return f"n:{{{self.partition}}}:provider:{provider}:{provider_id}"


def route(source: str, order_id: str) -> str:
    """Where there are several partitions: the one an order lies in."""
    return f"n:route:{source}:{order_id}"


def partition_of(text: str, partitions: int) -> int:
    """The partition of a phone, or of an order that has none."""
    return crc32(text.encode()) % partitions
