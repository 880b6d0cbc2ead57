"""Findings that only follow from a mistake which is told already."""

import re
from collections.abc import Iterable
from pathlib import Path

from notifier.config.loading import Keys, key_of
from notifier.diagnostics.findings import Finding


def follows_from(finding: Finding, file: Path, left_out: Iterable[Keys], broken: Iterable[Path]) -> bool:
    """Whether a finding may be there only because keys were left out of the configuration, or templates were broken."""
    where, text = finding.text.partition(": ")[0], finding.text
    for keys in left_out:
        if not keys:
            continue
        key = re.escape(key_of(keys))
        if where == str(file) and re.match(rf"{re.escape(where)}: {key}(?![\w-])", text):
            return True
        above = [key_of(keys[:count]) for count in range(1, len(keys) + 1)]
        if any(text.startswith(f"{file}: {one}: ") or f"[{one}]" in text for one in above):
            return True
        if re.search(rf"(?<![\w.]){key}(?![\w-])", text):
            return True
    return any(re.search(rf"(?<![\w-]){re.escape(path.stem)}(?![\w-])", text) for path in broken)
