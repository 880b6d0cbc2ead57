"""Reading a call's parameters, each refused with the code Kavenegar has for it."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from notifier.clock import Clock
from notifier.simulator.codes import RefusedError

_WHOLE = re.compile(r"-?[0-9]{1,19}")
_GREATEST_LONG = 2**63 - 1


class Params:
    """A call's parameters by name, from the query and the form."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def required(self, name: str) -> str:
        """400 when it is not there, 406 when there is nothing in it."""
        value = self.given(name).strip()
        if not value:
            raise RefusedError(406)
        return value

    def given(self, name: str) -> str:
        """A parameter as it came, possibly empty; 400 when it is not there."""
        try:
            return self._values[name]
        except KeyError:
            raise RefusedError(400) from None

    def optional(self, name: str) -> str | None:
        return self._values.get(name, "").strip() or None

    def raw(self, name: str) -> str:
        """A parameter as it came, nothing trimmed; empty when it is not there."""
        return self._values.get(name, "")

    def listed(self, name: str, *, limit: int, code: int = 414) -> list[str]:
        """A required list with commas; ``code`` when it is longer than ``limit``."""
        items = [item.strip() for item in self.required(name).split(",")]
        if len(items) > limit:
            raise RefusedError(code)
        return items

    def ids(self, name: str, *, limit: int, code: int = 414) -> list[int]:
        """A required list of Long; 400 when one is not a number."""
        return [whole(item) for item in self.listed(name, limit=limit, code=code)]

    def array(self, name: str) -> list[str]:
        """A required JSON array in one field, its items as text; repeated fields are not understood (400)."""
        items = json_array(self.required(name))
        if items is None:
            raise RefusedError(400)
        return items

    def optional_array(self, name: str) -> list[str] | None:
        """None as well when the field is no JSON array: a wrong spelling is passed over in silence."""
        value = self.optional(name)
        return json_array(value) if value else None

    def number(self, name: str, *, default: int | None = None, least: int = 0, most: int = _GREATEST_LONG) -> int:
        """A whole number within bounds, required unless there is a default; 400 otherwise."""
        value = self.required(name) if default is None else self.optional(name)
        if value is None:
            return default or 0
        number = whole(value)
        if not least <= number <= most:
            raise RefusedError(400)
        return number

    def moment(self, name: str) -> datetime | None:
        """Unix seconds; 417 when they are none."""
        value = self.optional(name)
        if value is None:
            return None
        try:
            return datetime.fromtimestamp(whole(value), UTC)
        except (RefusedError, OverflowError, OSError, ValueError):
            raise RefusedError(417) from None

    def span(self, clock: Clock, *, longest: timedelta, furthest: timedelta | None = None) -> tuple[datetime, datetime]:
        """``startdate`` (required) to ``enddate`` (else as far as it may go); 417 when it is too long or too old."""
        self.required("startdate")
        start = self.moment("startdate")
        assert start is not None
        end = self.moment("enddate") or start + longest
        too_old = furthest is not None and start < clock.now() - furthest
        if end < start or end - start > longest or too_old:
            raise RefusedError(417)
        return start, end


def whole(text: str) -> int:
    """A Long; 400 for anything else."""
    if not _WHOLE.fullmatch(text.strip()) or abs(number := int(text)) > _GREATEST_LONG:
        raise RefusedError(400)
    return number


def json_array(text: str) -> list[str] | None:
    try:
        items = json.loads(text)
    except ValueError:
        return None
    if not isinstance(items, list) or any(type(item) not in (str, int) for item in items):
        return None
    return [str(item) for item in items]
