"""The header of a template file: TOML between ``+++`` lines, where a template says all about its message."""

import re
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from notifier.domain.messages import Audience, Via
from notifier.durations import Duration
from notifier.errors import TemplateError
from notifier.sms.segments import MAX_PARTS

FENCE = "+++"


class PatternHeader(BaseModel):
    """A message as one provider's approved pattern."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, description="The provider's name or number of the pattern")]
    tokens: Annotated[dict[str, str], Field(description="The pattern's token → our variable")] = {}
    text: Annotated[str, Field(description="As it stands in the panel, so that a drift from it is found")] = ""


class Header(BaseModel):
    """What a template says about its message. Every key is optional but ``audience`` and ``purpose``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    audience: Audience
    purpose: Annotated[str, Field(description="What the message is for, in one line")]
    essential: Annotated[bool, Field(description="Support calls the customer when it cannot be delivered")] = False
    lasting: Annotated[bool, Field(description="Sent even after newer news, since it holds something to keep")] = False
    merge: Annotated[bool, Field(description="A newer text of the order may replace it while it still waits")] = False
    quiet_hours: Annotated[str, Field(pattern="^(wait|pass)$", description="Whether it waits for the morning")] = "wait"
    expires: Annotated[Duration | None, Field(description="Not sent when later than this")] = None
    max_parts: Annotated[
        int | None, Field(ge=1, le=MAX_PARTS, description="Long names are shortened to stay within so many parts")
    ] = None
    via: Annotated[Via | None, Field(description="send or lookup; as [sms] via says when left out")] = None
    pattern: Annotated[str | None, Field(description="Short for patterns.kavenegar.name")] = None
    tokens: Annotated[dict[str, str], Field(description="Short for patterns.kavenegar.tokens")] = {}
    patterns: Annotated[dict[str, PatternHeader], Field(description="By kind of provider: kavenegar, smsir")] = {}
    ladder: Annotated[
        tuple[str, ...], Field(description="Lines it is tried by one after the other, then call; else as [sms] ladder")
    ] = ()
    spoken: Annotated[
        str, Field(max_length=900, description="What a call reads out in its place; left out: the text, as one says it")
    ] = ""
    sample: Annotated[dict[str, str], Field(description="Variable → value, where previews need another one")] = {}


def split(path: Path, source: str) -> tuple[str, str]:
    """Header and body of a file."""
    opening, _, rest = source.partition("\n")
    header, fence, body = rest.partition(f"\n{FENCE}\n")
    if opening.strip() != FENCE or not fence:
        raise TemplateError(
            f'{path}, line 1: must begin with a header between two lines of {FENCE}; write audience = "customer"'
            ' and purpose = "…" between them'
        )
    return header, body


def parse(path: Path, text: str) -> Header:
    """The header. Raises TemplateError with one sentence a mistake."""
    try:
        return Header.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        where = re.search(r" \(at line (\d+), column \d+\)", str(error))
        said = str(error).replace(where[0], "") if where else str(error)
        line = int(where[1]) if where else 1
        raise TemplateError(
            f'{path}, line {line + 1}: the header is not TOML: {said}; texts stand in quotes: key = "text"'
        ) from None
    except ValidationError as error:
        found = [
            f"{path}, line {line_of(text, one['loc']) + 1}: header key {'.'.join(map(str, one['loc']))}: {_said(one)}"
            for one in error.errors()
        ]
        raise TemplateError("\n".join(found)) from None


def line_of(text: str, keys: tuple[int | str, ...]) -> int:
    """The line of a header that names the last of these keys, from 1; 0, the line of the fence, when none does."""
    for key in reversed(keys):
        for number, line in enumerate(text.splitlines(), start=1):
            if re.search(rf"(?<![\w.]){re.escape(str(key))}\s*[=\].]", line):
                return number
    return 0


_SENTENCES = {
    "missing": "is missing; write it into the header",
    "extra_forbidden": f"is not known; known are: {', '.join(Header.model_fields)}",
}


def _said(error: object) -> str:
    assert isinstance(error, dict)
    return _SENTENCES.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
