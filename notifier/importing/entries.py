"""What a file holds: an event, or the reason why a line is none."""

import hashlib
import json
from enum import StrEnum
from typing import Any

from msgspec import Struct

from notifier.domain.events import Event
from notifier.errors import Unprocessable
from notifier.intake.standard import payload as standard


class RowFault(StrEnum):
    """Why a row of tracking codes is refused, for whoever says it in other words than ``reason``."""

    OTHER = "other"
    MISSING_ORDER = "missing_order"
    MISSING_CODE = "missing_code"
    SHORTENED = "shortened"
    ROUNDED = "rounded"
    LETTERS = "letters"
    LINES = "lines"
    LONG = "long"
    DATE = "date"
    FORMULA = "formula"
    SHEET_ERROR = "sheet_error"
    UNKNOWN_ORDER = "unknown_order"
    TWO_ORDERS = "two_orders"
    ODD_CODE = "odd_code"
    LINK = "link"
    CANCELLED = "cancelled"
    DELIVERED = "delivered"
    OTHERS_CODE = "others_code"


class ImportRow(Struct, frozen=True, kw_only=True):
    """One line. ``event`` is None where it is refused, for ``reason``; ``given`` is then what it said.

    ``by_number`` says that it names its order as people do, so that the order has to be found first.
    ``digest`` tells its content from any other, whatever its place in the file.
    """

    line: int
    event: Event | None = None
    digest: str = ""
    reason: str = ""
    fault: RowFault = RowFault.OTHER
    given: Any = None
    by_number: bool = False


def entry(line: int, document: Any, *, source: str, name: str, content: Any, given: Any) -> ImportRow:
    """An event from a document in the contract's form.

    ``content`` is what the digest is taken of. The id of the event is derived from ``name``, or else from the digest: a
    line is known again wherever it stands, in a file that was edited or sorted too. It cannot be the id of a webhook.
    """
    try:
        payload = standard.validate(document)
    except Unprocessable as problem:
        return ImportRow(line=line, reason=_mistakes(problem), given=given)
    digest = hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()
    event = payload.event(source=source, event_id=f"import:{name or digest}")
    return ImportRow(line=line, event=event, digest=digest, given=given)


def _mistakes(problem: Unprocessable) -> str:
    mistakes = [f"{'.'.join(map(str, one['loc'])) or 'the event'}: {one['msg']}" for one in problem.errors]
    return "; ".join(mistakes) or problem.detail
