"""docs/reference/store.md: its tables, from the table of keys; what stands between them is written by hand."""

import re
from collections.abc import Iterable
from pathlib import Path

from notifier.store import keys
from notifier.store.kinds import Kind
from tools.reference.page import table

_HEADS = ("key", "what", "what ends it")


def page(path: Path) -> str:
    """The page as it is at ``path``, with its tables as they must be."""
    whole = path.read_text(encoding="utf-8")
    for name, kinds in (("partition", keys.OF_A_PARTITION.values()), ("elsewhere", keys.ELSEWHERE.values())):
        made = "\n".join(table(_HEADS, _rows(kinds)))
        whole = re.sub(f"(<!-- {name}: .*? -->\n).*?(<!-- end -->)", rf"\g<1>\n{made}\n\n\g<2>", whole, flags=re.DOTALL)
    return whole


def _rows(kinds: Iterable[Kind]) -> Iterable[tuple[str, str, str]]:
    for kind in kinds:
        yield f"`{'n:{P}:' if kind.moves else ''}{kind.name}`", kind.what, kind.ends
