"""What a section may be called whose name becomes part of addresses and keys."""

import re
from typing import Annotated

from pydantic import AfterValidator


def _fit_for_keys(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", name):
        raise ValueError(
            f"{name!r} cannot name a source, for it becomes part of addresses and of keys in Redis; write up to 40 "
            "letters (a-z), digits, - and _, beginning with a letter or digit"
        )
    return name


SourceName = Annotated[str, AfterValidator(_fit_for_keys)]
