"""Message templates: one file a message, its header in TOML between ``+++`` lines, then the Persian text."""

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from jinja2 import StrictUndefined, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from notifier.domain.messages import Audience, Via
from notifier.domain.variables import VARIABLES, Context
from notifier.durations import Duration
from notifier.errors import TemplateError

_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False, autoescape=False
)
_FENCE = "+++"


class Header(BaseModel):
    """What a template says about its message. Every key is optional but ``audience`` and ``purpose``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    audience: Audience
    purpose: Annotated[str, Field(description="What the message is for, in one line")]
    essential: Annotated[bool, Field(description="Support calls the customer when it cannot be delivered")] = False
    lasting: Annotated[bool, Field(description="Sent even after newer news, since it holds something to keep")] = False
    quiet_hours: Annotated[str, Field(pattern="^(wait|pass)$", description="Whether it waits for the morning")] = "wait"
    expires: Annotated[Duration | None, Field(description="Not sent when later than this")] = None
    via: Via = Via.SEND
    pattern: Annotated[str | None, Field(description="The provider's name of the pattern, for via = lookup")] = None
    tokens: Annotated[dict[str, str], Field(description="Pattern token → variable, for via = lookup")] = {}


class Template:
    """One message template, compiled. ``version`` changes exactly when the file's content does."""

    def __init__(self, path: Path, source: str) -> None:
        self.path, self.name = path, path.stem
        self.version = hashlib.sha256(source.encode()).hexdigest()[:8]
        header, self.body = _split(path, source)
        self.header = _header(path, header)
        self.audience, self.essential, self.lasting = self.header.audience, self.header.essential, self.header.lasting
        self.passes_quiet_hours = self.header.quiet_hours == "pass"
        self.expires: timedelta | None = self.header.expires
        self.via, self.pattern = self.header.via, self.header.pattern
        self._render: Callable[[Mapping[str, str]], str] = _compiled(path, self.body, source)
        used = meta.find_undeclared_variables(_ENVIRONMENT.parse(self.body)) | set(self.header.tokens.values())
        if unknown := used - VARIABLES.keys():
            raise TemplateError(
                f"{path}: unknown variable {', '.join(sorted(unknown))}; known are: {', '.join(sorted(VARIABLES))}"
            )
        if self.via is Via.LOOKUP and not (self.pattern and "token" in self.header.tokens):
            raise TemplateError(f'{path}: via = "lookup" needs a pattern and at least tokens.token')
        self._variables = {name: VARIABLES[name] for name in used}

    def render(self, context: Context) -> str:
        """The text for one order. Surrounding white space and empty lines are dropped."""
        text = self._render({name: value(context) for name, value in self._variables.items()})
        return "\n".join(stripped for line in text.splitlines() if (stripped := line.strip()))

    def tokens(self, context: Context) -> dict[str, str]:
        """The values for the provider's pattern; empty for a plain text."""
        return {token: self._variables[name](context) for token, name in self.header.tokens.items()}

    def __repr__(self) -> str:
        return f"<Template {self.name} {self.version}>"


def load(folder: Path) -> dict[str, Template]:
    """All templates of a folder by name. The first mistake found is raised with its file and line."""
    if not folder.is_dir():
        raise TemplateError(f"{folder}: no such folder; templates.folder must name the one with the message templates")
    found = {path.stem: Template(path, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.txt"))}
    if not found:
        raise TemplateError(f"{folder}: holds no template (*.txt)")
    return found


def _split(path: Path, source: str) -> tuple[str, str]:
    opening, _, rest = source.partition("\n")
    header, fence, body = rest.partition(f"\n{_FENCE}\n")
    if opening.strip() != _FENCE or not fence:
        raise TemplateError(f"{path}: must begin with a header between two lines of {_FENCE}")
    return header, body


def _header(path: Path, text: str) -> Header:
    try:
        return Header.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"{path}: the header is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise TemplateError(f"{path}: header key {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _compiled(path: Path, body: str, source: str) -> Callable[[Mapping[str, Any]], str]:
    try:
        template = _ENVIRONMENT.from_string(body)
    except TemplateSyntaxError as error:
        line = source.count("\n") - body.count("\n") + error.lineno
        raise TemplateError(f"{path}, line {line}: {error.message}") from None
    return template.render
