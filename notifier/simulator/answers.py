"""How answers look on the wire."""

from datetime import datetime
from typing import Any

import msgspec

from notifier.simulator.codes import ACCEPTED, CODES, STATUS_TEXTS, SimulatedStatus
from notifier.simulator.records import SimulatedMessage

Entry = dict[str, Any]


class SimulatedAnswer(msgspec.Struct, frozen=True):
    """What a method found; paged methods add where in the whole they are."""

    entries: list[Entry] | Entry
    metadata: Entry | None = None

    def envelope(self) -> Entry:
        body = envelope(ACCEPTED, self.entries)
        return body if self.metadata is None else body | {"metadata": self.metadata}


def envelope(code: int, entries: list[Entry] | Entry | None = None) -> Entry:
    return {"return": {"status": code, "message": CODES.get(code, "خطای ناشناخته")}, "entries": entries}


def record(message: SimulatedMessage) -> Entry:
    """A message in full."""
    return {
        "messageid": message.messageid,
        "message": message.text,
        "status": message.status,
        "statustext": STATUS_TEXTS[SimulatedStatus(message.status)],
        "sender": message.sender,
        "receptor": message.receptor,
        "date": unix(message.sent_at),
        "cost": message.cost,
    }


def standing(messageid: int, message: SimulatedMessage | None, **extra: object) -> Entry:
    """Only where a message stands; 100 for one that is not known."""
    status = message.status if message else SimulatedStatus.UNKNOWN
    return {"messageid": messageid, **extra, "status": status, "statustext": STATUS_TEXTS[SimulatedStatus(status)]}


def page(items: list[Entry], *, number: int, size: int) -> SimulatedAnswer:
    """One page, numbered from 1. The numbers of the metadata are texts, as in Kavenegar's answers."""
    pages = -(-len(items) // size)
    metadata = {
        "totalcount": str(len(items)),
        "currentpage": str(number),
        "totalpages": str(pages),
        "pagesize": str(size),
    }
    return SimulatedAnswer(items[(number - 1) * size : number * size], metadata)


def unix(moment: datetime) -> int:
    return int(moment.timestamp())
