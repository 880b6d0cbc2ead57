"""How answers look on the wire."""

from datetime import datetime
from typing import Any

import msgspec

from notifier.simulator.codes import ACCEPTED, CODES, STATUS_TEXTS, Status
from notifier.simulator.records import Message

Entry = dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """What a method found; paged methods add where in the whole they are."""

    entries: list[Entry] | Entry
    metadata: Entry | None = None

    def envelope(self) -> Entry:
        body = envelope(ACCEPTED, self.entries)
        return body if self.metadata is None else body | {"metadata": self.metadata}


def envelope(code: int, entries: list[Entry] | Entry | None = None) -> Entry:
    return {"return": {"status": code, "message": CODES.get(code, "خطای ناشناخته")}, "entries": entries}


def record(message: Message) -> Entry:
    """A message in full."""
    return {
        "messageid": message.messageid,
        "message": message.text,
        "status": message.status,
        "statustext": STATUS_TEXTS[Status(message.status)],
        "sender": message.sender,
        "receptor": message.receptor,
        "date": unix(message.sent_at),
        "cost": message.cost,
    }


def standing(messageid: int, message: Message | None, **extra: object) -> Entry:
    """Only where a message stands; 100 for one that is not known."""
    status = message.status if message else Status.UNKNOWN
    return {"messageid": messageid, **extra, "status": status, "statustext": STATUS_TEXTS[Status(status)]}


def page(items: list[Entry], *, number: int, size: int) -> Answer:
    """One page, numbered from 1. The numbers of the metadata are texts, as in Kavenegar's answers."""
    pages = -(-len(items) // size)
    metadata = {
        "totalcount": str(len(items)),
        "currentpage": str(number),
        "totalpages": str(pages),
        "pagesize": str(size),
    }
    return Answer(items[(number - 1) * size : number * size], metadata)


def unix(moment: datetime) -> int:
    return int(moment.timestamp())
