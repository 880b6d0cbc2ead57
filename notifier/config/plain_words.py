"""What pydantic finds wrong in a configuration, in the words of whoever writes the file."""

import re
from collections.abc import Mapping
from typing import Any

_UNKNOWN = "unknown key; it may be misspelt"
_LIST, _TABLE = "Input should be a valid list", "Input should be a valid table"
_NUMBER = "is no number; write digits alone, without quotation marks"
_EMPTY = "is empty; write something here"
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
"""How pydantic calls the mistake of a key that nobody knows."""
NO_KIND = ("union_tag_invalid", "union_tag_not_found")
"""… of a section whose kind nobody knows, or that names none."""

_SAID = {
    **dict.fromkeys(UNKNOWN, _UNKNOWN),
    **dict.fromkeys(("list_type", "tuple_type", "frozen_set_type"), _LIST),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type", "dataclass_type"), _TABLE),
    **dict.fromkeys(("int_parsing", "int_type", "float_parsing", "float_type", "int_from_float"), _NUMBER),
    **dict.fromkeys(("bool_parsing", "bool_type"), "is neither true nor false; write one of them, without quotes"),
    **dict.fromkeys(("time_parsing", "time_type"), 'is not a time of day; write for example "22:00"'),
    **dict.fromkeys(
        ("date_from_datetime_parsing", "date_parsing", "date_type"), 'is not a day; write for example "2027-03-20"'
    ),
    "union_tag_not_found": "is required and not there; write it: which keys there are depends on it",
    "missing": "is required and not there; write it",
    "string_type": "Input should be a valid string: write it between quotation marks",
}
_URLS = re.compile(r"\^?\(?https\??")


def said(kind: str, text: str, context: Mapping[str, Any]) -> str:
    """The sentence for a mistake of this kind; ``text`` and ``context`` are pydantic's."""
    match kind:
        case "string_too_short" | "too_short" if context.get("min_length") == 1:
            return _EMPTY
        case "string_pattern_mismatch" if _URLS.match(str(context.get("pattern"))):
            return "is no address of the web; write it whole, such as https://shop.ir"
        case "literal_error" | "enum" if context.get("expected"):
            return f"must be {context['expected']}"
        case "union_tag_invalid":
            return f"must be {_one_of(str(context['expected_tags']))}"
    return _SAID.get(kind, text).removeprefix("Value error, ")


def _one_of(listed: str) -> str:
    """What pydantic lists with commas, as it lists the values of one key."""
    before, comma, last = listed.rpartition(", ")
    return f"{before} or {last}" if comma else last
