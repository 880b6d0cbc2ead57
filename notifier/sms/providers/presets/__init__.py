"""Descriptions of known providers, as ``[providers.NAME] preset`` names them: files that fill ``HttpProviderRules``."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

_HERE = Path(__file__).parent
_MERGED = ("headers", "credit")
"""Tables of which a section may say a part; any other key of it takes the place of the preset's."""


@cache
def names() -> tuple[str, ...]:
    """What a preset may be called."""
    return tuple(sorted(path.stem for path in _HERE.glob("*.toml")))


@cache
def preset(name: str) -> Mapping[str, Any]:
    """The description of that name."""
    return MappingProxyType(tomllib.loads((_HERE / f"{name}.toml").read_text(encoding="utf-8")))


def filled(section: Mapping[str, Any]) -> dict[str, Any]:
    """A section with all that its preset says and it does not.

    Raises ValueError for an unknown preset, or when a secret that it needs is not among ``secrets``.
    """
    name = section.get("preset")
    if name not in names():
        raise ValueError(f"preset: there is no {name!r}; there are {', '.join(names())}")
    known = dict(preset(name))
    secrets = section.get("secrets")
    for needed in known.pop("needs"):
        if needed not in (secrets if isinstance(secrets, dict) else {}):
            raise ValueError(f'secrets: the preset {name} needs {needed}; write secrets = {{ {needed} = "env:NAME" }}')
    merged = {
        key: {**known[key], **section[key]}
        for key in _MERGED
        if isinstance(known.get(key), dict) and isinstance(section.get(key), dict)
    }
    whole = {**known, **section, **merged}
    base = whole.pop("base_url")
    if not isinstance(base, str):
        raise ValueError("base_url: it must be a whole address with http:// or https://")
    return _under(base.rstrip("/"), whole)


def _under(base: str, section: dict[str, Any]) -> dict[str, Any]:
    """The section with whole addresses."""
    found = dict(section)
    for key in ("url", "status_url"):
        found[key] = _whole(base, found.get(key))
    if isinstance(credit := found.get("credit"), dict):
        found["credit"] = {**credit, "url": _whole(base, credit.get("url"))}
    return {key: value for key, value in found.items() if value is not None}


def _whole(base: str, address: Any) -> Any:
    return base + address if isinstance(address, str) and address.startswith("/") else address
