"""Reading the configuration, with errors that name the file and the key."""

import copy
import json
import os
import tomllib
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from notifier.config import Config, shipped
from notifier.config.kinds import is_kind, kinds_with
from notifier.config.plain_words import NO_KIND, UNKNOWN, said
from notifier.domain.spelling import meant
from notifier.errors import ConfigError
from notifier.secret import FROM_FILE, Inline

PREFIX = "NOTIFIER__"
Keys = tuple[str, ...]
"""A path of keys in the file; a place in a list is its number."""

_ROUNDS = 20  # what is left out may bring further mistakes to light
_OUR_GROUPING = {"rules", "regions"}
"""Levels of the models that are not levels of the file."""


def load(path: Path | None = None, *, environment: Mapping[str, str] = os.environ) -> Config:
    """Read and check the configuration. Raises ConfigError with every finding, one a line."""
    file = find(path, environment)
    values = _read(file)
    origins = _override(values, environment)
    try:
        return _from_its_folder(Config.model_validate(values | {"file": file.resolve()}, context=FROM_FILE))
    except ValidationError as error:
        sample = _read(shipped.CONFIG)
        lines = [
            _line(file, origins, keys := _keys(values, found), _said(found, keys, values, sample))
            for found in error.errors()
        ]
        raise ConfigError("\n".join(lines)) from None


def _said(found: ErrorDetails, keys: Keys, values: Any, sample: Any) -> str:
    text = said(found["type"], found["msg"], found.get("ctx", {}))
    if found["type"] not in UNKNOWN:
        return text
    if kinds := kinds_with(keys):
        named = " and ".join(f'kind = "{kind}"' for kind in kinds)
        is_of = _of_sample(values, (*keys[:-1], "kind"))
        return f'is a key of {named}, and this section is of kind = "{is_of}": take it out, or write that kind'
    there = _of_sample(sample, keys[:-1])
    return text + meant(keys[-1], there) if isinstance(there, dict) else text


def load_what_is_right(path: Path | None, *, environment: Mapping[str, str] = os.environ) -> tuple[Config, set[Keys]]:
    """The configuration without its mistakes, for more to be found than those; and what was left out of it.

    In the place of what is wrong stands what the sample has there, or nothing. Raises ConfigError where that is nothing
    to go on with.
    """
    file = find(path, environment)
    values, sample, left_out = _read(file), _read(shipped.CONFIG), set[Keys]()
    _override(values, environment)
    for _ in range(_ROUNDS):
        try:
            config = Config.model_validate(values | {"file": file.resolve()}, context=FROM_FILE)
        except ValidationError as error:
            wrong = {_keys(values, found) for found in error.errors()}
            for keys in sorted(wrong, key=_place_in_lists, reverse=True):
                left_out.add(_leave_out(values, sample, keys, left_out))
            if () in left_out:
                break
        else:
            return _from_its_folder(config), left_out
    raise ConfigError(f"{file}: nothing more can be said of it before these are mended")


def _leave_out(values: Any, sample: Any, keys: Keys, done: Container[Keys]) -> Keys:
    """Put the sample's in the place of a mistake, or take it away with what cannot be without it; returns which key."""
    if not keys:
        return ()
    at = [values]
    for key in keys[:-1]:
        at.append(_step(at[-1], key))
    last, of_sample = keys[-1], _of_sample(sample, keys)
    if of_sample is not None and keys not in done and isinstance(at[-1], dict):
        at[-1][last] = of_sample
    elif isinstance(at[-1], dict) and last in at[-1]:
        del at[-1][last]
    elif isinstance(at[-1], list) and last.isdecimal() and int(last) < len(at[-1]):
        del at[-1][int(last)]
    else:
        return _leave_out(values, sample, keys[:-1], done)
    return keys


def _step(values: Any, key: str) -> Any:
    return values[int(key)] if isinstance(values, list) else values[key]


def _of_sample(sample: Any, keys: Keys) -> Any:
    for key in keys:
        if not isinstance(sample, dict) or key not in sample:
            return None
        sample = sample[key]
    return copy.deepcopy(sample)


def _place_in_lists(keys: Keys) -> tuple[tuple[int, str], ...]:
    return tuple((int(key) if key.isdecimal() else -1, key) for key in keys)


def in_data_dir(config: Config, folder: Path) -> Config:
    """A copy of the configuration, with this data directory."""
    return config.model_copy(update={"redis": config.redis.model_copy(update={"data_dir": folder})})


def find(path: Path | None, environment: Mapping[str, str]) -> Path:
    """The file asked for, else ``NOTIFIER_CONFIG``, else ``config.toml`` here, else that of the checkout.

    Raises ConfigError where there is none: what an installed package brings along is for `notifier init` to copy.
    """
    if path is not None:
        return path
    if named := environment.get("NOTIFIER_CONFIG"):
        return Path(named)
    here = Path("config.toml")
    if here.is_file() or not shipped.IS_INSTALLED:
        return here if here.is_file() else shipped.CONFIG
    raise ConfigError(f"there is no config.toml in {Path.cwd()}: `notifier init` writes one, --config names another")


def _from_its_folder(config: Config) -> Config:
    """A copy whose data directory counts from the configuration's folder, wherever a command is given."""
    return in_data_dir(config, config.file.parent / config.redis.data_dir)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))  # Windows' editors put a mark before it
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not TOML: {error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: not UTF-8 text") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}; name another with --config") from None


def _override(values: dict[str, Any], environment: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Put ``NOTIFIER__SECTION__KEY`` values in place; returns which variable each key came from."""
    origins: dict[tuple[str, ...], str] = {}
    for variable in sorted(environment):
        if not variable.startswith(PREFIX):
            continue
        keys = tuple(variable.removeprefix(PREFIX).lower().split("__"))
        place = values
        for key in keys[:-1]:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise ConfigError(f"environment variable {variable}: {key} is not a section")
        text = environment[variable]
        if text.lstrip().startswith(("[", "{")):
            try:
                place[keys[-1]] = _inline(json.loads(text))
            except ValueError:
                raise ConfigError(f"environment variable {variable}: a list or table must be JSON") from None
        else:
            place[keys[-1]] = Inline(text)
        origins[keys] = variable
    return origins


def _inline(value: Any) -> Any:
    """A value of the environment, whose texts may be secrets themselves: that is where secrets belong."""
    match value:
        case str():
            return Inline(value)
        case list():
            return [_inline(one) for one in value]
        case dict():
            return {key: _inline(one) for key, one in value.items()}
    return value


def _keys(values: Any, found: ErrorDetails) -> Keys:
    """The keys of a mistake as they stand in the file; of a section whose kind is not known, its kind."""
    written = _written(values, found["loc"])
    return (*written, "kind") if found["type"] in NO_KIND else written


def _written(values: Any, loc: Sequence[str | int]) -> tuple[str, ...]:
    """The keys of a mistake as they stand in the file: the models have levels of their own between them."""
    keys: list[str] = []
    for place, part in enumerate(loc):
        inside = part in values if isinstance(values, dict) else isinstance(values, list) and isinstance(part, int)
        if inside:
            values = values[part]
        of_ours = part in _OUR_GROUPING or part == "[key]" or is_kind(str(loc[0]), str(part))
        if inside or (place == len(loc) - 1 and not of_ours):
            keys.append(str(part))
    return tuple(keys)


def _line(file: Path, origins: Mapping[tuple[str, ...], str], keys: tuple[str, ...], text: str) -> str:
    variable = next((name for origin, name in origins.items() if keys[: len(origin)] == origin), None)
    where = f"environment variable {variable}" if variable else str(file)
    return f"{where}: {key_of(keys)}: {text}"


def key_of(keys: Iterable[str]) -> str:
    """A path of keys as it is written in TOML."""
    return ".".join(f'"{key}"' if "." in key else key for key in keys)
