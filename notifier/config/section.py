"""What every section of the configuration is made of. Lengths of time are written ``15m``, ``24h``, ``7d``."""

import re
from datetime import time
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Section(BaseModel):
    """A part of the configuration. Keys we do not know are refused: they are misspelt.

    A validator is built when it is first needed, and that is the whole configuration's alone: to build one for each
    section would take longer than to read the file, at the start of every command.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def usual(cls) -> Self:
        """The section when nothing is said in the file, made without a validator of its own."""
        return super().model_construct()


def _time_of_day(text: Any) -> Any:
    if not (isinstance(text, str) and re.fullmatch(r"\d\d:\d\d", text)):
        raise ValueError(f'{text!r} is not a time of day; write for example "22:00"')
    return text


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
