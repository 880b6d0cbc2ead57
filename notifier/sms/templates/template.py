"""One template: compiled once, rendered thousands of times a second."""

import difflib
import hashlib
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, meta, nodes
from jinja2.runtime import Context as Filling
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier.domain import persian, spoken
from notifier.domain.messages import Audience, Pattern, Via
from notifier.domain.policy import Shop
from notifier.domain.variables import FOR_STAFF, OF_SEVERAL_LINES, OF_THE_SHOP, VARIABLES, Context, can_answer
from notifier.errors import TemplateError, TemplateSyntaxWrong, UnknownVariable
from notifier.sms.segments import segments
from notifier.sms.templates import header as headers
from notifier.sms.templates.direction import right_to_left
from notifier.sms.templates.header import PatternHeader
from notifier.sms.templates.shortening import LINKS, shortened
from notifier.sms.tokens import KAVENEGAR, RULES


class _Environment(ImmutableSandboxedEnvironment):
    """Values are words: they have no parts, so that nothing of the program is reached by them."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return super().getattr(obj, attribute) if isinstance(obj, LoopContext) else self.undefined(None, obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self.undefined(None, obj, str(argument))


_ENVIRONMENT = _Environment(undefined=StrictUndefined, autoescape=False)
_NO_TEXT_NEEDS = (nodes.Mul, nodes.Pow, nodes.Mod, nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
"""What grows without end, or reads other files."""
_LARGEST_NUMBER = 1000
_SHOPS = 32  # whose words a template remembers, the newest first
_SEVERAL_LINES = ('"""', "'''")  # of TOML: what they hold begins in the next line
CAN_ANSWER = can_answer.__name__
"""What no pattern says: patterns leave by lines of the provider's own, to which nobody can answer."""
_WELL_FORMED = "a value is written {{ name }}, a condition {% if name %}…{% endif %}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds for templates that do not say otherwise. ``reserve`` is room for what the line adds, in units;
    ``answerable`` are the templates whose customers can answer, and are understood."""

    via: Via = Via.SEND
    reserve: int = 0
    answerable: frozenset[str] = frozenset()


class Template:
    """One message template, compiled. ``version`` changes exactly when the file's content does.

    ``shop`` is the source whose own text it is, or empty.
    """

    def __init__(self, path: Path, source: str, *, shop: str = "", defaults: Defaults | None = None) -> None:
        defaults = defaults or Defaults()
        self.path, self.name, self.shop, self.source = path, path.stem, shop, source
        self.version = hashlib.sha256(source.encode()).hexdigest()[:8]
        header, self.body = headers.split(path, source)
        self.first_line = source.count("\n") - self.body.count("\n") + 1
        self.header = headers.parse(path, header)
        self.audience, self.essential, self.lasting = self.header.audience, self.header.essential, self.header.lasting
        self.merge, self.ladder = self.header.merge, self.header.ladder
        self.passes_quiet_hours = self.header.quiet_hours == "pass"
        self.expires: timedelta | None = self.header.expires
        self.max_parts, self.reserve = self.header.max_parts, defaults.reserve
        self._patterns = _patterns(self.header)
        self.via = self.header.via or (defaults.via if self._patterns else Via.SEND)
        self._jinja, shown = self._compiled(self.body, self.first_line)
        self.spoken_line = headers.line_of(header, ("spoken",)) + 1
        opened = source.splitlines()[self.spoken_line - 1].rstrip().endswith(_SEVERAL_LINES)
        self._spoken, heard = self._compiled(self.header.spoken, self.spoken_line + opened)
        mapped = {name for pattern in self._patterns.values() for name in pattern.tokens.values()}
        mapped |= set(self.header.tokens.values())
        self._refuse_unknown(header, shown | heard | mapped | self.header.sample.keys())
        self._refuse_tokens(header)
        self.variables = frozenset(shown | mapped)
        said = VARIABLES | FOR_STAFF if self.audience is Audience.STAFF else VARIABLES
        self._values = {name: said[name] for name in self.variables - OF_THE_SHOP.keys()}
        self._shops: deque[tuple[Shop, dict[str, str]]] = deque(maxlen=_SHOPS)
        if self.name not in defaults.answerable and CAN_ANSWER in self._values:
            self._values[CAN_ANSWER] = _nothing
        self._heard = {name: said[name] for name in heard}

    def render(self, context: Context) -> str:
        """The text for one order, without spare white space and empty lines; long names give way to max_parts."""
        return self.fill(self.values(context))

    def values(self, context: Context) -> dict[str, str]:
        """What this template's variables say about one order."""
        return _said(self._values, context) | self._of_the_shop(context.shop)

    def _of_the_shop(self, shop: Shop) -> dict[str, str]:
        """What its variables say that are the same for every order of a shop: worked out once."""
        for known, said in self._shops:
            if known is shop:
                return said
        said = {name: persian.one_line(OF_THE_SHOP[name](shop)) for name in self.variables & OF_THE_SHOP.keys()}
        self._shops.appendleft((shop, said))
        return said

    def spoken(self, context: Context) -> str:
        """What is read out for one order, by the header's own words; empty where it has none."""
        return self.speak(self.heard_values(context)) if self.header.spoken else ""

    def heard_values(self, context: Context) -> dict[str, str]:
        """What the variables that are read out say about one order."""
        return _said(self._heard, context)

    def speak(self, values: Mapping[str, str]) -> str:
        """What the header's own words are read out as with these values, with ``heard`` among them."""
        return spoken.spoken_form(self._spoken(values))

    @property
    def heard(self) -> frozenset[str]:
        """The variables that are read out."""
        return frozenset(self._heard)

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with these values."""
        text, fits = self.whole(values), self._fits_with_page if values.get("page") else self._fits
        return text if fits(text) else shortened(self.whole, values, fits)

    def whole(self, values: Mapping[str, str]) -> str:
        """The text with these values, nothing shortened."""
        lines = self._jinja(values).splitlines()
        return "\n".join([right_to_left(stripped) for line in lines if (stripped := line.strip())])

    def patterns(self, context: Context) -> dict[str, Pattern]:
        """The message as an approved pattern, by kind of provider; one whose rules a value breaks is left out."""
        return self.fill_patterns(self.values(context)) if self._patterns and self._approved_for(context) else {}

    def _approved_for(self, context: Context) -> bool:
        """Whether the pattern, in which the shop's own name and numbers are fixed words, names this one's."""
        return bool(self.shop) or self._of_the_shop(context.shop) == self._of_the_shop(context.shops.of(""))

    def fill_patterns(self, values: Mapping[str, str]) -> dict[str, Pattern]:
        """Patterns with these values, without those whose rules a value breaks or that would keep quiet about one."""
        filled = {}
        for kind, pattern in self._patterns.items():
            unsaid = values.keys() - set(pattern.tokens.values()) - OF_THE_SHOP.keys() - LINKS - {CAN_ANSWER}
            if any(values[name] for name in unsaid):
                continue
            rules = RULES.get(kind, KAVENEGAR)
            fitted = {token: rules.fitted(name, token, values[name]) for token, name in pattern.tokens.items()}
            tokens = {token: value for token, value in fitted.items() if value}
            if len(tokens) == len(fitted):
                filled[kind] = Pattern(pattern.name, tokens)
        return filled

    @property
    def pattern_headers(self) -> Mapping[str, PatternHeader]:
        return self._patterns

    def line_of(self, text: str) -> int:
        """The line of the file whose text holds this, from 1."""
        for number, line in enumerate(self.body.splitlines(), start=self.first_line):
            if text in line:
                return number
        return self.first_line

    def _fits(self, text: str) -> bool:
        return self.max_parts is None or segments(text, reserve=self.reserve) <= self.max_parts

    def _fits_with_page(self, text: str) -> bool:
        """Whether a text with the address of a page fits: that has a part of its own, lest a name be cut for it."""
        return self.max_parts is None or segments(text, reserve=self.reserve) <= self.max_parts + 1

    def _compiled(self, source: str, first_line: int) -> tuple[Callable[[Mapping[str, str]], str], set[str]]:
        """What fills in values, and the names of those it shows."""
        try:
            parsed = _ENVIRONMENT.parse(source)
            _refuse_programs(parsed)
            shown = meta.find_undeclared_variables(parsed)
            template = _ENVIRONMENT.from_string(parsed)
        except TemplateSyntaxError as error:
            line = first_line + error.lineno - 1
            text = f"{self.path}, line {line}: {error.message}; {_WELL_FORMED}"
            raise TemplateSyntaxWrong(text, line=line) from None

        def fill(values: Mapping[str, str]) -> str:
            """What `render` does, without a copy of the values and of Jinja's functions, which no text may call."""
            return "".join(template.root_render_func(Filling(_ENVIRONMENT, dict(values), None, template.blocks)))

        return fill, shown

    def _refuse_unknown(self, header: str, used: set[str]) -> None:
        unknown = sorted(used - VARIABLES.keys())
        if not unknown:
            return
        first = re.search(rf"\b{re.escape(unknown[0])}\b", self.body)
        line = headers.line_of(header, (unknown[0],)) + 1
        if re.search(rf"\b{re.escape(unknown[0])}\b", self.header.spoken):
            line = self.spoken_line
        if first:
            line = self.first_line + self.body[: first.start()].count("\n")
        near = difflib.get_close_matches(unknown[0], VARIABLES, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise UnknownVariable(
            f"{self.path}, line {line}: unknown variable {', '.join(unknown)}; {meant}"
            f"known are: {', '.join(sorted(VARIABLES))}",
            line=line,
            names=unknown,
            near=near[0] if near else "",
        )

    def _refuse_tokens(self, header: str) -> None:
        if self.header.tokens and not self.header.pattern:
            line = headers.line_of(header, ("tokens",)) + 1
            raise TemplateError(f'{self.path}, line {line}: tokens without a pattern; write pattern = "…" above them')
        if self.header.via is Via.LOOKUP and not self._patterns:
            line = headers.line_of(header, ("via",)) + 1
            raise TemplateError(
                f'{self.path}, line {line}: via = "lookup" needs a pattern and at least tokens.token; write'
                ' patterns.kavenegar = { name = "…", tokens = { token = "order" } }'
            )
        for kind, pattern in self._patterns.items():
            rules, where = RULES.get(kind), f"{self.path}, line {headers.line_of(header, ('patterns', kind)) + 1}"
            if rules is None:
                raise TemplateError(f"{where}: patterns.{kind} is not known; known are: {', '.join(sorted(RULES))}")
            if missing := rules.required - pattern.tokens.keys():
                raise TemplateError(f"{where}: the pattern needs at least tokens.{', tokens.'.join(sorted(missing))}")
            if rules.spaces is not None and (odd := sorted(pattern.tokens.keys() - rules.spaces.keys())):
                raise TemplateError(f"{where}: {odd[0]} is no token of {kind}; there are: {', '.join(rules.spaces)}")

    def __repr__(self) -> str:
        return f"<Template {self.name} {self.version}>"


def _said(values: Mapping[str, Callable[[Context], str]], context: Context) -> dict[str, str]:
    return {
        name: value(context) if name in OF_SEVERAL_LINES else persian.one_line(value(context))
        for name, value in values.items()
    }


def _nothing(_: Context) -> str:
    return ""


def _refuse_programs(parsed: nodes.Template) -> None:
    """Raises TemplateSyntaxError."""
    for node in parsed.find_all(_NO_TEXT_NEEDS):
        raise TemplateSyntaxError("a text multiplies nothing and takes in no other file", node.lineno)
    for number in parsed.find_all(nodes.Const):
        if isinstance(number.value, int | float) and number.value > _LARGEST_NUMBER:
            raise TemplateSyntaxError(f"no text needs a number above {_LARGEST_NUMBER}", number.lineno)


def _patterns(header: headers.Header) -> dict[str, PatternHeader]:
    """All patterns; the short form is Kavenegar's. For sms.ir the names are our variables' own, where none are said."""
    found = dict(header.patterns)
    if header.pattern:
        found = {"kavenegar": PatternHeader(name=header.pattern, tokens=header.tokens)} | found
    if (smsir := found.get("smsir")) is not None and not smsir.tokens and "kavenegar" in found:
        tokens = {name.upper(): name for name in found["kavenegar"].tokens.values()}
        found["smsir"] = smsir.model_copy(update={"tokens": tokens})
    return found
