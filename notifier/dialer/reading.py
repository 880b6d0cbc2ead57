"""What exchanges say of their own accord: a document read by expressions, its word by a table. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from notifier import expressions
from notifier.dialer.adapter import DialerDefaults, DialerOdd
from notifier.dialer.recordings import RecordingRules
from notifier.domain import phones
from notifier.domain.dialing import DialNews, DialWord, sane_time
from notifier.domain.persian import ascii_digits

_LONGEST, _LONGEST_ID, _LONGEST_CALL = 1000, 120, 24 * 3600  # characters, characters, seconds
_DEEPEST, _MOST = 4, 100
_ID = re.compile(r"[\w.:@/-]{1,120}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class DialerFields:
    """Where in a document each thing stands; the names in it are in small letters by then."""

    word: ParsedResult
    attempt: ParsedResult | None = None
    reference: ParsedResult | None = None
    extension: ParsedResult | None = None
    number: ParsedResult | None = None
    talked: ParsedResult | None = None
    recording: ParsedResult | None = None
    time: ParsedResult | None = None

    @classmethod
    def of(cls, written: Mapping[str, str]) -> "DialerFields":
        """Raises ValueError for what is no expression."""
        given = {one.name: written[one.name] for one in fields(cls) if written.get(one.name)}
        return cls(**{name: expressions.compiled(text) for name, text in given.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class DialerReader:
    """Reads news. ``words`` are by ``folded``."""

    fields: DialerFields
    words: Mapping[str, DialWord]
    prepare: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    zone: ZoneInfo
    recordings: RecordingRules

    @classmethod
    def of(
        cls,
        usual: DialerDefaults,
        *,
        fields: Mapping[str, str],
        words: Mapping[str, DialWord],
        zone: ZoneInfo,
        recordings: RecordingRules,
    ) -> "DialerReader":
        """By what is usual for a kind, but for what is said otherwise."""
        table = {folded(word): meaning for word, meaning in {**usual.words, **words}.items()}
        return cls(
            fields=DialerFields.of({**usual.fields, **fields}),
            words=table,
            prepare=usual.prepare,
            zone=zone,
            recordings=recordings,
        )

    def read(self, given: Mapping[str, Any], now: int) -> DialNews:
        """What a document says. Raises DialerOdd where its word is not known, or there is none."""
        document = self.prepare(lowered(given))
        said_word = _text(self._found(self.fields.word, document))
        word = folded(said_word)
        if not word:
            raise DialerOdd("it does not say what happened: fields.word finds nothing in it")
        meaning = self.words.get(word)
        if meaning is None:
            raise DialerOdd(f"what {phones.mask_phones_in(word[:80])!r} means is not known; name it in [dialer.words]")
        said = self.fields
        return DialNews(
            word=meaning,
            at=sane_time(self._time(self._found(said.time, document)), now),
            attempt=_id(self._found(said.attempt, document)),
            reference=_id(self._found(said.reference, document)),
            extension=_digits(self._found(said.extension, document)),
            number=number_of(_text(self._found(said.number, document))),
            talked=_seconds(self._found(said.talked, document)),
            recording=self.recordings.taken(_text(self._found(said.recording, document))),
            claim=phones.mask_phones_in(plain(_text(document.get("claim")) or said_word)),
        )

    def _found(self, expression: ParsedResult | None, document: Mapping[str, Any]) -> Any:
        try:
            return expression.search(document) if expression is not None else None
        except JMESPathError:
            return None

    def _time(self, value: Any) -> datetime | None:
        text = ascii_digits(_text(value)).replace("/", "-")
        try:
            if re.fullmatch(r"\d{9,13}(\.\d{1,9})?", text):
                number = float(text)
                return datetime.fromtimestamp(number / 1000 if number > 10**11 else number, self.zone)
            at = datetime.fromisoformat(text)
            return at if at.tzinfo else at.replace(tzinfo=self.zone)
        except (ValueError, OverflowError, OSError):
            return None


def folded(word: str) -> str:
    """A word as it is compared: small letters, single blanks."""
    return " ".join(word.casefold().split())


def plain(text: str) -> str:
    """What an exchange wrote, fit for a line of a page."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[:_LONGEST]).split())[:_LONGEST_ID]


def lowered(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A document with its names in small letters, no deeper and no wider than exchanges write."""
    found: Any = _lowered(document, _DEEPEST)
    return found if isinstance(found, dict) else {}


def _lowered(value: Any, depth: int) -> Any:
    match value:
        case dict() if depth:
            return {str(name)[:60].lower(): _lowered(one, depth - 1) for name, one in list(value.items())[:_MOST]}
        case list() if depth:
            return [_lowered(one, depth - 1) for one in value[:_MOST]]
        case str():
            return value[:_LONGEST].replace("\x00", "")
        case bool() | float() | None:
            return value
        case int() if abs(value) < 10**18:
            return value
    return None


def number_of(text: str) -> str:
    """A telephone number in the form that customers' have; "" for what is none, as an extension."""
    try:
        return phones.normalize(text) if text else ""
    except phones.PhoneError:
        return ""


def _text(value: Any) -> str:
    match value:
        case str():
            return value.strip()
        case bool():
            return ""
        case int():
            return str(value)
        case float() if abs(value) < 1e15:  # neither infinite nor no number
            return str(int(value)) if value.is_integer() else f"{value:.6f}"
    return ""


def _id(value: Any) -> str:
    text = _text(value)
    return text if _ID.fullmatch(text) else ""


def _digits(value: Any) -> str:
    """An extension, also as a channel's name has it: ``PJSIP/201-00000003``."""
    text = ascii_digits(_text(value))[:_LONGEST_ID]
    found = re.fullmatch(r"(?:[A-Za-z0-9]+/)?(\d{1,15})(?:[-@].*)?", text)
    return found[1] if found else ""


def _seconds(value: Any) -> int | None:
    text = ascii_digits(_text(value))
    if clock := re.fullmatch(r"(\d{1,2}):(\d{2}):(\d{2})", text):
        hours, minutes, seconds = map(int, clock.groups())
        return hours * 3600 + minutes * 60 + seconds
    if not re.fullmatch(r"\d{1,6}(\.\d+)?", text):
        return None
    return min(int(float(text)), _LONGEST_CALL)
