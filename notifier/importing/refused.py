"""The lines that were refused, beside the file they come from: to be mended and imported again."""

import csv
import io
import json
from pathlib import Path
from typing import TextIO

from notifier.domain import cells
from notifier.importing.entries import ImportRow
from notifier.importing.source import KINDS, FileKind
from notifier.store import private_files


class RefusedRows:
    """``FILE.refused.jsonl`` or ``.csv``: line, reason and what it said. There is no such file when all were taken.

    ``with`` it; what was there from a run before is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._kind = KINDS[path.suffix.lower()]
        self.path = path.with_name(f"{path.name}.refused.{'jsonl' if self._kind is FileKind.EVENTS else 'csv'}")
        self._file: TextIO | None = None

    def __enter__(self) -> "RefusedRows":
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, entry: ImportRow, reason: str) -> None:
        """Write one down."""
        file = self._opened()
        if self._kind is FileKind.EVENTS:
            record = {"line": entry.line, "reason": reason, "given": entry.given}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
        else:
            csv.writer(file).writerow([entry.line, reason, *(cells.cell(str(value)) for value in entry.given or ())])

    def _opened(self) -> TextIO:
        if self._file is None:
            # Customers are named in it: for nobody else's eyes.
            self._file = io.TextIOWrapper(private_files.written(self.path), encoding="utf-8", newline="")
            if self._kind is FileKind.TRACKING:
                self._file.write("\ufeff")  # by which Excel knows UTF-8
                csv.writer(self._file).writerow(["line", "reason", "given"])
        return self._file
