"""A folder of templates: ``NAME.txt`` for every shop, ``SHOP/NAME.txt`` for one that says it otherwise."""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from notifier.errors import TemplateError
from notifier.sms.templates.template import Defaults, Template


def load(folder: Path, *, defaults: Defaults | None = None) -> dict[str, Template]:
    """All templates by name, those of one shop as ``shop/name``. Raises TemplateError with one sentence a mistake."""
    if not folder.is_dir():
        raise TemplateError(f"{folder}: no such folder; templates.folder must name the one with the message templates")
    found, broken = readable(folder, defaults=defaults)
    wrong = list(broken.values())
    wrong += [
        f"{template.path}: no shop says this but {template.shop}; write {folder / template.path.name} first"
        for template in found.values()
        if template.shop and template.name not in found and not wrong
    ]
    if wrong:
        raise TemplateError("\n".join(wrong))
    if not found:
        raise TemplateError(f"{folder}: holds no template (*.txt)")
    return found


def readable(folder: Path, *, defaults: Defaults | None = None) -> tuple[dict[str, Template], dict[Path, str]]:
    """The templates that can be read, by name; and what is wrong with each file that cannot."""
    found: dict[str, Template] = {}
    broken: dict[Path, str] = {}
    for path in files(folder):
        shop = "" if path.parent == folder else path.parent.name
        try:
            template = _compiled(path, _read(path), shop, defaults)
            found[f"{shop}/{template.name}" if shop else template.name] = template
        except TemplateError as error:
            broken[path] = str(error)
    return found, broken


def files(folder: Path) -> list[Path]:
    """Every template file of a folder."""
    return sorted([*folder.glob("*.txt"), *folder.glob("*/*.txt")])


class Templates(Mapping[str, Template]):
    """Templates in use: looked up one by one, replaced all at once."""

    def __init__(self, loaded: Mapping[str, Template]) -> None:
        self._loaded = loaded

    def replace(self, loaded: Mapping[str, Template]) -> None:
        """Use these from now on."""
        self._loaded = loaded

    def __getitem__(self, name: str) -> Template:
        return self._loaded[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Without the exception that `Mapping` raises and catches for what is not there."""
        return self._loaded.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)


@functools.lru_cache(maxsize=1024)
def _compiled(path: Path, source: str, shop: str, defaults: Defaults | None) -> Template:
    """Compiled once for each wording: when one of many files changes, the others are taken as they are."""
    return Template(path, source, shop=shop, defaults=defaults)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise TemplateError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise TemplateError(f"{path}: cannot be read: {error.strerror}") from None
