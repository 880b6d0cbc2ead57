"""docs/reference/configuration.md: every key with its type, its default and what ``config.toml`` says of it."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from ipaddress import IPv4Network
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from notifier.config import Config, shipped
from notifier.config.carriers import AlopeykConfig, ChaparConfig, DescribedCarrierConfig, PostexConfig, TapinConfig
from notifier.config.dialer import AmiDialerConfig, DescribedDialerConfig, SimotelDialerConfig
from notifier.config.dialer_section import DialerSection
from notifier.config.mapping import MappingSource
from notifier.config.outbound import WebhookConfig
from notifier.config.providers import HttpConfig, KavenegarConfig, SmsIrConfig
from notifier.config.rest import RestConfig
from notifier.config.section import keys as fields_of
from notifier.config.shop import OwnShopConfig
from notifier.config.sources import StandardSource, WooCommerceSource
from notifier.config.staff import BaleBotConfig, StaffChannelsConfig, TelegramBotConfig
from notifier.domain.policy import Block
from notifier.secret import Secret
from notifier.sms.limit_rules import Limits
from notifier.sms.price import Prices
from tools.reference.page import MADE, cell, table
from tools.reference.remarks import Remarks, remarks

_ALONE = (Prices, Limits, OwnShopConfig, RestConfig, BaleBotConfig, TelegramBotConfig)
"""Tables that have a section of their own in the file."""

_NAMED: dict[str, tuple[str, type]] = {
    'sources.NAME, kind = "standard"': ("sources.shop", StandardSource),
    "sources.NAME.shop": ("sources.shop.shop", OwnShopConfig),
    'sources.NAME, kind = "woocommerce"': ("sources.woo", WooCommerceSource),
    "sources.NAME.rest": ("sources.woo.rest", RestConfig),
    'sources.NAME, kind = "mapping"': ("sources.mine", MappingSource),
    'providers.NAME, kind = "kavenegar"': ("providers.kavenegar", KavenegarConfig),
    'providers.NAME, kind = "smsir"': ("providers.smsir", SmsIrConfig),
    'providers.NAME, kind = "http"': ("providers.other", HttpConfig),
    "policy.REGION.METHOD": ("policy", Block),
    'carriers.NAME, kind = "tapin"': ("carriers.tapin", TapinConfig),
    'carriers.NAME, kind = "postex"': ("carriers.tapin", PostexConfig),
    'carriers.NAME, kind = "chapar"': ("carriers.tapin", ChaparConfig),
    'carriers.NAME, kind = "alopeyk"': ("carriers.tapin", AlopeykConfig),
    'carriers.NAME, kind = "http"': ("carriers.other", DescribedCarrierConfig),
    "webhooks.NAME": ("webhooks.backend", WebhookConfig),
    "dialer": ("dialer", DialerSection),
    'dialer, kind = "http"': ("dialer", DescribedDialerConfig),
    'dialer, kind = "ami"': ("dialer", AmiDialerConfig),
    'dialer, kind = "simotel"': ("dialer", SimotelDialerConfig),
    "staff.channels": ("staff.channels", StaffChannelsConfig),
    "staff.channels.bale": ("staff.channels.bale", BaleBotConfig),
    "staff.channels.telegram": ("staff.channels.telegram", TelegramBotConfig),
}
"""Sections that may be there any number of times, or lie in others: the heading, and the example in the file."""

_INTRODUCTION = f"""\
# The configuration

{MADE.format(command="python -m tools.reference")}

Everything an operator may change is in `config.toml`: beside where the service is started, or named with `--config` or
`NOTIFIER_CONFIG`. Unknown keys are refused, for they are misspelt. `notifier check` tells what is wrong, with file and
key.

- **Any key can be set from the environment**, as `NOTIFIER__SECTION__KEY`: `NOTIFIER__SERVER__PORT=9000`. A list or a
  table is written as JSON.
- **Secrets do not belong in the file**, and one that stands there is refused: `"env:NAME"` is read from the environment
  variable `NAME`, `"file:/run/secrets/name"` from a file that holds it alone, `"credential:NAME"` from what systemd
  hands on (`LoadCredential=NAME:/path`).
- **Lengths of time** are written `90s`, `15m`, `24h`, `7d`, or `1d 12h`.
- Paths count from the file's own folder.
"""


_POLICY = """\
`"order.shipped" = { sms = …, calls = …, cancel = … }`, under the name of an event (EVENT below), says what it brings.
`[policy.otherwise]` is the block of an order whose method is not known yet, or not on offer in its region.
[What each event brings as shipped](events.md), [how to change it](../how-to/change-promises.md)."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is written, with what a reader wants to know."""

    section: str
    name: str
    type: str
    default: str
    shipped: str
    meaning: str | None


def page() -> str:
    """The whole page."""
    lines = [_INTRODUCTION]
    for heading, example, words, keys in sections():
        lines += [f"## [{heading}]", ""]
        if words:
            lines += [f"{words[0].upper()}{words[1:].rstrip('.')}.", ""]
        if example == "policy":
            lines += [_POLICY, ""]
        rows = [(f"`{key.name}`", key.type, _default(key), key.meaning or "") for key in keys]
        lines += [*table(("key", "type", "default", "meaning"), rows), ""]
    return re.sub(r"(?<!`)docs/([\w/-]+\.md)", r"[\1](../\1)", "\n".join(lines).rstrip()) + "\n"


def keys() -> Iterator[Key]:
    """Every key of every section."""
    for _, _, _, found in sections():
        yield from found


def sections() -> Iterator[tuple[str, str, str, list[Key]]]:
    """Heading, name in the file, what the file says of it, and its keys; in the order of the file."""
    text = shipped.CONFIG.read_text(encoding="utf-8")
    said, document = remarks(text), tomllib.loads(text)
    for name, field in Config.model_fields.items():
        if name == "file":
            continue
        several = [(heading, *rest) for heading, rest in _NAMED.items() if re.match(rf"{name}(\W|$)", heading)]
        if several:
            for heading, example, model in several:
                yield (
                    heading,
                    example,
                    _words(said, example, name),
                    list(_keys(model, example, said, _at(document, example))),
                )
            continue
        section = _model(field)
        assert section is not None
        yield name, name, _words(said, name), list(_keys(section, name, said, _at(document, name)))
        for inner, inner_field in fields_of(section).items():
            alone = _model(inner_field)
            if alone is not None and alone in _ALONE:
                path = f"{name}.{inner}"
                yield path, path, _words(said, path), list(_keys(alone, path, said, _at(document, path)))


def _words(said: Remarks, *sections: str) -> str:
    return next((said.sections[section] for section in sections if section in said.sections), "")


def _keys(model: type, section: str, said: Remarks, shipped: Any) -> Iterator[Key]:
    if model is Block:
        for name in ("sms", "calls", "cancel"):
            yield Key(section, f"EVENT.{name}", "list", "`[]`", "", said.key(section, name))
    for name, field in fields_of(model).items():
        key, inner = field.alias or name, _model(field)
        if inner in _ALONE or (model is Block and name in ("rules", "calls")):
            continue
        if model is not DialerSection and issubclass(model, DialerSection) and name in DialerSection.model_fields:
            continue  # said of all kinds
        if inner is not None and _is_table(field):
            yield from _of_table(inner, section, key, said)
            continue
        value = shipped.get(key) if isinstance(shipped, dict) else None
        meaning = _meaning(said, section, key)
        yield Key(section, key, _type(field.annotation, field), _written(field), _toml(value), meaning)


def _of_table(model: type, section: str, key: str, said: Remarks) -> Iterator[Key]:
    """The keys of a table, each for itself where there is something to say of them; else the table."""
    if not any((section, f"{key}.{name}") in said.keys for name in fields_of(model)):
        names = ", ".join(f"`{name}`" for name in fields_of(model))
        yield Key(section, key, f"table of {names}", "`{}`", "", said.key(section, key))
        return
    for name, field in fields_of(model).items():
        inner = _model(field)
        if inner is not None:
            yield from _of_table(inner, section, f"{key}.{name}", said)
        else:
            path = f"{key}.{name}"
            yield Key(section, path, _type(field.annotation, field), _written(field), "", said.key(section, path))


def _meaning(said: Remarks, section: str, key: str) -> str | None:
    """What is said where it stands, as a section of its own, or of another section of the kind."""
    group = section.partition(".")[0]
    others = [
        example for _, (example, _) in _NAMED.items() if example.startswith(f"{group}.") and example.count(".") == 1
    ]
    words = [said.key(section, key), _words(said, f"{section}.{key}"), *(said.key(other, key) for other in others)]
    return next(filter(None, words), None)


def _at(shipped: dict[str, Any], section: str) -> Any:
    value: Any = shipped
    for part in section.split("."):
        value = value.get(part, {}) if isinstance(value, dict) else {}
    return value


def _model(field: FieldInfo) -> type | None:
    """The model of a key that holds a table."""
    for one in (field.annotation, *get_args(field.annotation)):
        if isinstance(one, type) and _is_section(one):
            return one
    return None


def _is_section(kind: type) -> bool:
    return is_dataclass(kind) or issubclass(kind, BaseModel)


def _is_table(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type)


_PLAIN: dict[Any, str] = {
    str: "text",
    int: "number",
    bool: "`true`, `false`",
    timedelta: "length of time",
    time: '`"HH:MM"`',
    date: "date",
    Path: "path",
    Secret: "secret",
    NoneType: "",
}


def _type(annotation: Any, field: FieldInfo | None = None) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin in (Union, UnionType):
        kinds = dict.fromkeys(filter(None, map(_type, inner)))
        return " or ".join(kinds)
    if origin is Literal:
        return ", ".join(f'`"{value}"`' for value in inner)
    if origin in (list, tuple, frozenset):
        return f"list of {_plural(inner[0])}"
    if origin in (dict, Mapping):
        return "table"
    if isinstance(annotation, type):
        if issubclass(annotation, StrEnum):
            return ", ".join(f'`"{member}"`' for member in annotation)
        if _is_section(annotation):
            return "table"
    if annotation is int and field is not None:
        return f"number{_bounds(field)}"
    return _PLAIN.get(annotation, "network" if "IPv" in str(annotation) else "text")


def _plural(annotation: Any) -> str:
    one = _type(annotation)
    if one.startswith("`"):
        return f"{one}" if len(one) < 60 else "names"
    return {"text": "texts", "number": "numbers", "network": "networks", "date": "dates"}.get(one, f"{one}s")


def _bounds(field: FieldInfo) -> str:
    least = next((rule.ge for rule in field.metadata if getattr(rule, "ge", None) is not None), None)
    most = next((rule.le for rule in field.metadata if getattr(rule, "le", None) is not None), None)
    if least is None and most is None:
        return ""
    return f", {least:,} to {most:,}" if most is not None else f", at least {least:,}"


def _written(field: FieldInfo) -> str:
    """The default as it would be written in the file."""
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if default is None:
        return "none"
    return f"`{_toml(default)}`" if _toml(default) else "see config.toml"


def _toml(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case timedelta():
            return f'"{_length(value)}"'
        case time():
            return f'"{value:%H:%M}"'
        case str() | Path() | IPv4Network():
            return f'"{value}"'
        case list() | tuple() | frozenset():
            shown = [_toml(one) for one in (sorted(value) if isinstance(value, frozenset) else value)]
            return f"[{', '.join(shown)}]" if all(shown) else ""
        case dict():
            return "" if value else "{}"
        case _:
            return ""


def _length(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            many = seconds // size
            return f"{many * 24}h" if (unit, many) == ("d", 1) else f"{many}{unit}"
    return f"{seconds}s"


def _default(key: Key) -> str:
    if key.shipped and key.default != "required" and f"`{key.shipped}`" != key.default and len(key.shipped) < 40:
        return f"{key.default}; ships with `{cell(key.shipped)}`"
    return key.default
