"""Approved patterns: what to paste into a provider's panel, and what has drifted from what stands there."""

from collections.abc import Iterator, Mapping

from notifier.domain.policy import Shop
from notifier.domain.variables import OF_THE_SHOP
from notifier.sms.templates import Template
from notifier.sms.templates.direction import RLM
from notifier.sms.templates.shortening import NAMES
from notifier.sms.tokens import RULES, TokenRules
from notifier.texts import samples
from notifier.texts.flaws import Flaw

_OF_SEVERAL_WORDS = NAMES | {
    *("amount", "deposit", "refund", "paid"),
    *("deposit_deadline", "guarantee_until", "bank", "holder", "shop"),
}


def text(template: Template, kind: str, shop: Shop) -> str:
    """The pattern's text: our own, with the provider's placeholders for what differs from order to order.

    What no token stands for is left out, as where it is not known.
    """
    rules, header = RULES[kind], template.pattern_headers[kind]
    token_of = {name: token for token, name in header.tokens.items()}
    known = samples.values(template, shop)
    whole = template.whole({name: _part(name, value, token_of, rules) for name, value in known.items()})
    return whole.replace(RLM, "")  # which only the Latin letters of a placeholder call for


def _part(name: str, value: str, token_of: Mapping[str, str], rules: TokenRules) -> str:
    if name in token_of:
        return rules.placeholder.format(token_of[name])
    return value if name in OF_THE_SHOP else ""


def flaws(template: Template, shop: Shop) -> Iterator[Flaw]:
    """Tokens that cannot hold their variable, and patterns that no longer say what our text says."""
    for kind, header in template.pattern_headers.items():
        rules = RULES[kind]
        for token, name in header.tokens.items():
            spaces = rules.spaces.get(token, 0) if rules.spaces is not None else 1
            if not spaces and name in _OF_SEVERAL_WORDS:
                yield _flaw(template, f"{token} takes no space, and {name} has some; write token10 or token20", token)
        wanted, filled = text(template, kind, shop), _filled(template, kind, shop)
        if header.text and bare(header.text) != bare(wanted):
            yield _flaw(
                template,
                f"the pattern {header.name} in {kind}'s panel no longer says what this text says; have this approved,"
                f" then write it into patterns.{kind}.text: {wanted!r}",
                "text",
            )
        if filled is None and template.via == "lookup":
            yield _flaw(template, f"not even a typical order's values fit the pattern {header.name} of {kind}", kind)
        never = [name for token, name in header.tokens.items() if rules.placeholder.format(token) not in wanted]
        if never:
            yield _flaw(template, f"the text never says {', '.join(never)}, which a token stands for", never[0])


def _filled(template: Template, kind: str, shop: Shop) -> object:
    return template.fill_patterns(samples.values(template, shop)).get(kind)


def bare(pattern: str) -> list[str]:
    """What matters of a pattern: its lines without white space at their ends."""
    return [stripped for line in pattern.splitlines() if (stripped := line.strip())]


def _flaw(template: Template, said: str, near: str) -> Flaw:
    head = template.source.splitlines()[: template.first_line - 1]
    line = next((number for number, line in enumerate(head, start=1) if near in line), 1)
    return Flaw(path=template.path, line=line, rule="pattern", text=said)
