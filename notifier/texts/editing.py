"""Texts written anew by a person in the console: the very files of ``templates/``, checked and replaced whole."""

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, nodes
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.config import Config
from notifier.domain.policy import Shop
from notifier.errors import ConfigError, NotifierError, TemplateError, TemplateSyntaxWrong, UnknownVariable
from notifier.sms.templates import Template, header
from notifier.store import replacing, work
from notifier.store.audit import Act, AuditEntry
from notifier.store.records import ms
from notifier.store.work import UnitOfWork
from notifier.texts import lint, loading, patterns, versions
from notifier.texts.versions import TextEdit

LONGEST = 4000
"""Characters of a text with its placeholders: an SMS has no more than a fifth of it."""

_NO_LETTERS = ("Cc", "Cs", "Co", "Cn")  # control signs, and code points that are nobody's

_WORDS = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const),
    *(nodes.If, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr),
)
"""What a text written here may be made of: values and conditions. What loops, sets or calls could keep us busy."""

Require = Callable[[Config, Mapping[str, Template]], None]


class MistakeKind(StrEnum):
    """What is wrong with a text as it was written."""

    LONG = "long"
    SIGNS = "signs"
    EMPTY = "empty"
    SYNTAX = "syntax"
    PROGRAM = "program"
    UNKNOWN = "unknown"
    OTHER = "other"


class Mistake(NotifierError):
    """A text that cannot be used; ``line`` counts in the text, and ``detail`` is what the template's reader says."""

    def __init__(
        self, kind: MistakeKind, *, line: int = 0, names: tuple[str, ...] = (), near: str = "", detail: str = ""
    ) -> None:
        super().__init__(detail or kind)
        self.kind, self.line, self.names, self.near, self.detail = kind, line, names, near, detail


class ReadOnly(StrEnum):
    """Why texts cannot be edited here."""

    FOLDER = "folder"
    RELOAD = "reload"


class NotWritten(NotifierError):
    """A file could not be replaced; the text is the system's own word for why."""


class OutdatedText(NotifierError):
    """The text was changed by somebody else since it was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenText:
    """A text as its file has it now: what the template says about itself, and its words."""

    template: Template
    head: str  # with both fences

    @property
    def version(self) -> str:
        return self.template.version

    @property
    def words(self) -> str:
        return self.template.body.strip("\n")


class TextEditor:
    """Opens and replaces the files of one process's templates. ``take_up`` puts what was written to use."""

    def __init__(
        self,
        config: Callable[[], Config],
        templates: Mapping[str, Template],
        redis: Redis,
        clock: Clock,
        *,
        require: Require,
        take_up: Callable[[], Awaitable[None]],
    ) -> None:
        self._config, self._templates, self._redis, self._clock = config, templates, redis, clock
        self._require, self._take_up = require, take_up
        self._turn = asyncio.Lock()

    def read_only(self, name: str) -> ReadOnly | None:
        """Why this text cannot be edited, where it cannot."""
        if not self._config().templates.reload:
            return ReadOnly.RELOAD  # other processes would never hear of it
        return None if replacing.is_writable(self._templates[name].path) else ReadOnly.FOLDER

    def opened(self, name: str) -> OpenText:
        """The text as its file has it. Raises TemplateError where that cannot be read."""
        used = self._templates[name]
        try:
            source = used.path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise TemplateError(f"{used.path}: cannot be read: {error}") from None
        template = used if source == used.source else self._compiled(used, source)
        return OpenText(template=template, head=source.removesuffix(template.body))

    def drafted(self, opened: OpenText, words: str) -> Template:
        """The template with other words. Raises Mistake."""
        words = _lines(words)
        if len(words) > LONGEST:
            raise Mistake(MistakeKind.LONG)
        if any(letter != "\n" and unicodedata.category(letter) in _NO_LETTERS for letter in words):
            raise Mistake(MistakeKind.SIGNS)
        if not words.strip():
            raise Mistake(MistakeKind.EMPTY)
        _refuse_programs(words)
        source = f"{opened.head}{words}\n"
        first = opened.template.first_line
        try:
            return self._compiled(opened.template, source)
        except TemplateSyntaxWrong as error:
            raise Mistake(MistakeKind.SYNTAX, line=error.line - first + 1, detail=str(error)) from None
        except UnknownVariable as error:
            line = max(error.line - first + 1, 0)
            raise Mistake(
                MistakeKind.UNKNOWN, line=line, names=tuple(error.names), near=error.near, detail=str(error)
            ) from None
        except TemplateError as error:
            raise Mistake(MistakeKind.OTHER, detail=str(error)) from None
        except RecursionError:
            raise Mistake(MistakeKind.SYNTAX, detail="nested too deeply") from None

    async def save(self, name: str, words: str, *, base: str, by: str) -> bool:
        """Write the words into the file, and put them to use; whether they are in use now.

        ``base`` is the version that they were written over. Raises Mistake, OutdatedText and NotWritten.
        """
        path = self._templates[name].path
        async with self._turn, replacing.alone_in(path.resolve().parent):
            opened = await asyncio.to_thread(self.opened, name)
            if opened.version != base:
                raise OutdatedText("the text was changed meanwhile")
            draft = self.drafted(opened, words)
            try:
                self._require(self._config(), dict(self._templates) | {name: draft})
            except ConfigError as error:
                raise Mistake(MistakeKind.OTHER, detail=str(error)) from None
            try:
                with replacing.beside(path, draft.source.encode()) as new:
                    await self._write_down(name, opened, draft, by)
                    replacing.put_in_place(new, path)
            except OSError as error:
                raise NotWritten(error.strerror or type(error).__name__) from None
        await self._take_up()
        used = self._templates.get(name)
        return used is not None and used.version == draft.version

    async def _write_down(self, name: str, opened: OpenText, draft: Template, by: str) -> None:
        now = self._clock.now()
        for one in (opened.template, draft):
            await versions.keep(self._redis, name, one, now)
        unit = UnitOfWork()
        TextEdit(at=ms(now), by=by, before=opened.version, after=draft.version).keep(unit, name)
        more = f"{opened.version} → {draft.version}"
        AuditEntry(at=ms(now), act=Act.TEXT_EDITED, by=by, about=name, more=more).keep(unit)
        await work.commit(self._redis, [unit])

    def _compiled(self, used: Template, source: str) -> Template:
        return Template(used.path, source, shop=used.shop, defaults=loading.defaults(self._config()))


def corrected(words: str) -> str:
    """The words with every rule of spelling kept."""
    return "\n".join(lint.corrected_line(line) for line in _lines(words).split("\n"))


def words_of(source: str) -> str:
    """The words of a template that was kept."""
    _, body = header.split(Path(), source)
    return body.strip("\n")


def head_of(source: str) -> str:
    """What a template that was kept says about itself."""
    head, _ = header.split(Path(), source)
    return head.strip()


def drifted(before: Template, after: Template, shop: Shop) -> dict[str, str]:
    """The patterns whose words are others now, so that the provider must approve them anew: kind → the new words."""
    found = {}
    for kind, pattern in after.pattern_headers.items():
        wanted = patterns.text(after, kind, shop)
        approved = pattern.text or patterns.text(before, kind, shop)
        if patterns.bare(approved) != patterns.bare(wanted):
            found[kind] = wanted
    return found


def _lines(words: str) -> str:
    """As a file has them: a browser ends its lines in two signs."""
    text = words.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return "\n".join(line.rstrip(" \t") for line in text.split("\n"))


def _refuse_programs(words: str) -> None:
    try:
        parsed = Environment(autoescape=True).parse(words)
    except (TemplateSyntaxError, RecursionError):
        return  # whoever compiles it says so, with the line
    for node in parsed.find_all(nodes.Node):
        if not isinstance(node, _WORDS):
            raise Mistake(MistakeKind.PROGRAM, line=node.lineno, detail=type(node).__name__)
