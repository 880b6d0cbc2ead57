"""Kavenegar's answers: the envelope, the entries in it, and which entry belongs to which message."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from notifier.sms.providers import codes
from notifier.sms.providers.base import Accepted, DeliveryStatus, Failed, Failure, Outgoing, Result
from notifier.sms.providers.transport import HttpAnswer, number

Envelope = tuple[int, str, Any]
"""Code, text and entries."""

_T = TypeVar("_T")


class Record(Struct, frozen=True, kw_only=True):
    """One entry of an answer to a send, as far as it is readable."""

    provider_id: str
    local_id: int | None
    receptor: str
    text: str
    cost: int
    status: DeliveryStatus

    @property
    def to(self) -> str:
        """The last ten digits; "" if it was not a whole number."""
        return _tail(self.receptor)

    def accepted(self) -> Accepted:
        return Accepted(provider_id=self.provider_id, cost=self.cost, status=self.status)


def results(messages: Sequence[Outgoing], entries: object) -> list[Result]:
    """A result for each message, in order; one the answer does not name is asked for again, which its id makes safe."""
    found = _assign(messages, list(records(entries)))
    reason = "Kavenegar confirmed the call but did not name this message"
    missing = Failed(failure=Failure.RETRY, reason=reason, maybe_sent=True)
    return [found[at].accepted() if at in found else missing for at in range(len(messages))]


def _assign(messages: Sequence[Outgoing], records: Iterable[Record]) -> dict[int, Record]:
    """Which record belongs to the message at which position: Kavenegar's own sample mixes the order.

    By our id, else by number and text, else (it may tidy a text up) by a number that occurs once. A key that fits more
    messages than records, or fewer, decides nothing.
    """
    left = {record.provider_id: record for record in records}
    if len(messages) == 1 and len(left) == 1 and all(r.local_id is None and not r.to for r in left.values()):
        return dict(enumerate(left.values()))  # the number is masked, but there is nobody else it could be
    ids = _singly([message.id for message in messages], range(len(messages)))
    named = _singly([record.local_id for record in left.values()], list(left.values()))
    found = {at: named[local_id] for local_id, at in ids.items() if local_id in named}
    for of_message, of_record, alike in _KEYS:
        if len(found) == len(messages):
            break
        for record in found.values():
            left.pop(record.provider_id, None)
        offered = _grouped((of_record(record), record) for record in left.values() if record.local_id is None)
        for key, places in _grouped((of_message(m), at) for at, m in enumerate(messages) if at not in found).items():
            fitting = offered.get(key, [])
            if len(fitting) == len(places) and (alike or len(places) == 1):
                found.update(zip(places, fitting, strict=True))
    return found


# (key of a message, key of a record that does not say our id, whether several with one key are as good as each other)
_KEYS: tuple[tuple[Callable[[Outgoing], Hashable], Callable[[Record], Hashable], bool], ...] = (
    (lambda message: (_tail(message.to), message.text), lambda record: (record.to, record.text), True),
    (lambda message: _tail(message.to), lambda record: record.to, False),
)


def _singly(keys: Sequence[Hashable], values: Sequence[_T]) -> dict[Hashable, _T]:
    """Values by their keys, without those that have a key in common."""
    found = dict(zip(keys, values, strict=True))
    if len(found) < len(keys):
        often = Counter(keys)
        found = {key: value for key, value in found.items() if often[key] == 1}
    return found


def _grouped(pairs: Iterable[tuple[Hashable, _T]]) -> dict[Hashable, list[_T]]:
    groups: dict[Hashable, list[_T]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def records(entries: object) -> Iterator[Record]:
    for row in rows(entries):
        get = row.get
        if provider_id := number(get("messageid")):
            yield Record(
                provider_id=str(provider_id),
                local_id=number(get("localid")) or None,
                receptor=str(get("receptor")),
                text=str(get("message")),
                cost=number(get("cost")) or 0,
                # A status nobody documented is no reason to doubt that the message was taken.
                status=codes.status(number(get("status"))) or DeliveryStatus.QUEUED,
            )


def rows(entries: object) -> list[dict[str, Any]]:
    """``entries`` as a list: Kavenegar gives a list, one object or null, and what is no object says nothing."""
    return [row for row in (entries if isinstance(entries, list) else [entries]) if isinstance(row, dict)]


def envelope(answer: HttpAnswer, *, secret: str) -> Envelope | None:
    """Code, text (without the secret) and entries of an answer, or None if it is not Kavenegar's."""
    document = answer.document()
    if not isinstance(document, dict) or not isinstance(head := document.get("return"), dict):
        return None
    code, text = number(head.get("status")), str(head.get("message") or "")
    return None if code is None else (code, text.replace(secret, "***"), document.get("entries"))


def _tail(phone: str) -> str:
    """The last ten digits, the same in every way of writing a number; "" for what is not a whole number."""
    digits = phone if phone.isdecimal() else re.sub(r"\D", "", phone)
    return digits[-10:] if len(digits) >= 10 else ""
