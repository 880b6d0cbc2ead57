"""``orders.jsonl``: one event a line, in the form of the webhooks."""

from collections.abc import Iterator
from typing import BinaryIO

from pydantic_core import from_json

from notifier.importing.entries import ImportRow, entry
from notifier.incoming import documents

_LONGEST = 1_048_576  # bytes a line
_SHOWN = 200
_LONGEST_ID = 200


def entries(file: BinaryIO, *, source: str) -> Iterator[ImportRow]:
    """Every line that is not empty."""
    number = 0
    while raw := file.readline(_LONGEST + 1):
        number += 1
        if len(raw) > _LONGEST:
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(_LONGEST)
            yield ImportRow(line=number, reason=f"longer than {_LONGEST} bytes; is a line break missing?")
            continue
        raw = raw.removeprefix(b"\xef\xbb\xbf").strip()
        if raw:
            yield _entry(number, raw, source)


def _entry(number: int, raw: bytes, source: str) -> ImportRow:
    given = raw.decode(errors="replace")
    if documents.is_too_much(raw, documents.OF_AN_ORDER):
        reason = f"holds more than {documents.OF_AN_ORDER:,} values, which is no event"
        return ImportRow(line=number, reason=reason, given=given[:_SHOWN])
    try:
        document = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        return ImportRow(line=number, reason=f"not JSON: {error}", given=given[:_SHOWN])
    name = document.get("id", "") if isinstance(document, dict) else ""
    if not isinstance(name, str | int) or len(str(name)) > _LONGEST_ID or not str(name).isprintable():
        return ImportRow(line=number, reason=f"id: write text of at most {_LONGEST_ID} characters", given=document)
    content = document
    if isinstance(document, dict):
        document = {key: value for key, value in document.items() if key != "id"}
    return entry(number, document, source=source, name=str(name), content=content, given=content)
