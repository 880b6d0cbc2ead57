"""JMESPath expressions that an operator wrote: found wrong when they are read, not when they are first needed."""

from collections.abc import Iterator
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult

_SIGNATURES = {name: function["signature"] for name, function in Functions().FUNCTION_TABLE.items()}


def compiled(expression: str) -> ParsedResult:
    """The expression, ready to be searched with. Raises ValueError with a sentence."""
    try:
        ready = jmespath.compile(expression)
    except JMESPathError as error:
        raise ValueError(f"{expression!r} is no JMESPath expression: {' '.join(str(error).split())}") from None
    for name, given in _calls(ready.parsed):
        if (takes := _SIGNATURES.get(name)) is None:
            raise ValueError(f"{expression!r} is no JMESPath expression: Unknown function: {name}()")
        open_ended = bool(takes) and bool(takes[-1].get("variadic"))
        if given < len(takes) or (given > len(takes) and not open_ended):
            least = "at least " if open_ended else ""
            raise ValueError(
                f"{expression!r} is no JMESPath expression: {name}() takes {least}{len(takes)} arguments, not {given}"
            )
    return ready


def _calls(part: Any) -> Iterator[tuple[str, int]]:
    """Every function that is called, with how many arguments: the library looks at them only at work."""
    if part.get("type") == "function_expression":
        yield part["value"], len(part["children"])
    for child in part.get("children", ()):
        yield from _calls(child)
