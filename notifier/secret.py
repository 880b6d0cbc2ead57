"""Secrets: they live in the environment or in files of their own, and never show."""

import os
import pwd
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from notifier.errors import NotifierError

_AROUND = " \t\r\n\v\f\u00a0\u200b\u200e\u200f\u2028\u2029\ufeff"
_QUOTES = {'"': '"', "'": "'", "«": "»", "“": "”", "`": "`"}
_UNLIKELY = re.compile("[\\s\\x00-\\x1f\\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_PLACES = ("env:", "file:", "credential:")
_LARGEST = 65_536
_STANDARD = re.compile("whsec_[A-Za-z0-9+/]+={0,2}")


def _alone(text: str) -> str:
    """A secret without what comes along when it is pasted: blanks, quotes, the `v1,` of a signature."""
    text = text.strip(_AROUND)
    while len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip(_AROUND)
    return text.removeprefix("v1,").strip(_AROUND) if text.startswith("v1,whsec_") else text


class MissingSecretError(NotifierError, ValueError):
    """The environment variable or the file that should hold a secret does not."""


class Access(Enum):
    """What somebody may do with a file."""

    READ = "read"
    WRITE = "write"


class Inline(str):
    """Text that may itself be a secret: it came from the environment, or opens nothing but a simulator."""

    __slots__ = ()


class Secret:
    """``"env:NAME"`` is read from the environment when asked for, ``"file:/path"`` from a file, ``"credential:NAME"``
    from the file of that name that systemd hands on (``LoadCredential=``); anything else is the secret itself."""

    __slots__ = ("_source",)

    def __init__(self, source: str) -> None:
        self._source = source

    def value(self) -> str:
        """The secret in the clear, for the one place that needs it, without what was pasted around it."""
        if not (value := self._value()):
            raise MissingSecretError(f"{self.place} {self._trouble()}; it must hold this secret")
        return value

    @property
    def place(self) -> str:
        """Where it is read, for people."""
        kind, _, name = self._source.partition(":")
        if not is_reference(self._source):
            return "this secret"
        return f"the environment variable {name}" if kind == "env" else f"the file {_file(kind, name) or name}"

    @property
    def is_set(self) -> bool:
        """Whether there is a value to be had."""
        return bool(self._value())

    @property
    def flaw(self) -> str | None:
        """Why this cannot be what was meant, in a sentence that names where it is read and does not show it."""
        value, where = self._value(), self.place
        if _UNLIKELY.search(value):
            return f"{where} holds white space or signs that cannot be seen; copy it once more, alone and whole"
        if value.startswith(("whsec_", "v1,", "v1a,")) and not _STANDARD.fullmatch(value):
            return f"{where} is no base64 behind whsec_; copy it once more from whsec_ to its end"
        return None

    @property
    def others_may(self) -> Access | None:
        """What everybody on this machine may do with the file it is read from."""
        kind, _, name = self._source.partition(":")
        if not is_reference(self._source) or kind == "env" or (path := _file(kind, name)) is None:
            return None
        try:
            mode = path.stat().st_mode
        except OSError:
            return None
        if mode & stat.S_IWOTH:
            return Access.WRITE
        return Access.READ if mode & stat.S_IROTH else None

    def _value(self) -> str:
        kind, _, name = self._source.partition(":")
        if not is_reference(self._source):
            return _alone(self._source)
        if kind == "env":
            return _alone(os.environ.get(name, ""))
        try:
            return _alone(_read(_file(kind, name)))
        except (OSError, ValueError):
            return ""

    def _trouble(self) -> str:
        """Why there is no value to be had."""
        kind, _, name = self._source.partition(":")
        if kind not in ("file", "credential"):
            return "is not set"
        if (path := _file(kind, name)) is None:
            return "was not handed on: CREDENTIALS_DIRECTORY is not set (LoadCredential= of systemd sets it)"
        try:
            return "is empty" if not _read(path) else "holds nothing but blanks"
        except PermissionError:
            return f"may not be read by {_who()}, as whom this runs: chown or chmod it, or its folder"
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        except ValueError as error:
            return str(error)

    def __repr__(self) -> str:
        return f"Secret({self._source if is_reference(self._source) else '***'})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._source == self._source

    def __hash__(self) -> int:
        return hash(self._source)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_before_validator_function(
            _place, core_schema.no_info_after_validator_function(cls, core_schema.str_schema(min_length=1))
        )


def is_reference(source: str) -> bool:
    """Whether it says where a secret is, rather than being one."""
    return source.startswith(_PLACES)


FROM_FILE = {"secrets are named": True}
"""The context of validating what a file says: there a secret is named, and does not stand itself."""


def _place(source: Any, info: core_schema.ValidationInfo) -> Any:
    """What a file says of a secret, if it names a place. Raises ValueError, without showing it, for a secret itself."""
    if isinstance(source, str) and is_reference(source):
        kind, _, name = source.partition(":")
        if not name.strip():
            raise ValueError(f'"{kind}:" names nothing; write its name behind it')
        if kind == "file" and not Path(name).is_absolute():
            raise ValueError('"file:" needs a whole path, such as "file:/run/secrets/name"')
        if kind == "credential" and not re.fullmatch(r"[\w.-]+", name):
            raise ValueError('"credential:" needs the bare name that LoadCredential= of systemd gives it')
    elif source and isinstance(source, str) and not isinstance(source, Inline) and info.context == FROM_FILE:
        raise ValueError(
            'secrets do not belong in this file: write "env:NAME" for the environment variable NAME, '
            '"file:/path" for a file that holds it alone, or "credential:NAME" for one that systemd hands on'
        )
    return str(source) if isinstance(source, Inline) else source


def _who() -> str:
    try:
        return f"the user {pwd.getpwuid(os.geteuid()).pw_name}"
    except KeyError:
        return f"the user {os.geteuid()}"


def _file(kind: str, name: str) -> Path | None:
    """The file of a secret; None for a credential where systemd handed none on."""
    if kind == "file":
        return Path(name)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder, name) if folder else None


def _read(path: Path | None) -> str:
    """Raises OSError, and ValueError saying what is wrong with it."""
    if path is None:
        return ""
    if not stat.S_ISREG(kind := path.stat().st_mode):  # to open a pipe would be to wait for whoever writes to it
        raise ValueError("is a folder; name the file in it" if stat.S_ISDIR(kind) else "is no plain file")
    with path.open("rb") as file:
        raw = file.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise ValueError(f"is longer than {_LARGEST} bytes, so it is no secret")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise ValueError("is no text in UTF-8") from None


def secrets_in(part: Any, *, key: str = "") -> Iterator[tuple[str, Secret]]:
    """Every secret in a configuration with the key it stands at."""
    if isinstance(part, Secret):
        yield key, part
    elif isinstance(part, list | tuple):
        for place, value in enumerate(part):
            yield from secrets_in(value, key=f"{key}[{place}]")
    else:
        for name, value in _named(part):
            yield from secrets_in(value, key=f"{key}.{name}".lstrip("."))


def secrets_of(part: Any) -> set[str]:
    """Every secret that is set anywhere in a configuration, in the clear."""
    return {secret.value() for _, secret in secrets_in(part) if secret.is_set}


def _named(part: Any) -> Iterable[tuple[str, Any]]:
    match part:
        case BaseModel():
            return part
        case dict():
            return part.items()
        case _ if is_dataclass(part):
            return ((field.name, getattr(part, field.name)) for field in fields(part))
    return ()
