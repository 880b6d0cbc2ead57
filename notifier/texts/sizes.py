"""How long a template's texts get, in how many parts they leave, and what they cost."""

from collections.abc import Iterator
from dataclasses import dataclass

from notifier.domain.policy import Shop
from notifier.sms.price import Prices
from notifier.sms.segments import MAX_UNITS, is_unicode, units
from notifier.sms.templates import Template
from notifier.sms.templates.shortening import NAMES
from notifier.texts import samples
from notifier.texts.flaws import Flaw
from notifier.texts.samples import Length


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One text of a template. ``whole`` are the parts it would have unshortened."""

    length: Length
    text: str
    units: int
    unicode: bool
    parts: int
    whole: int
    price: int  # rial

    @property
    def encoding(self) -> str:
        return "UCS-2" if self.unicode else "GSM-7"


def sizes(template: Template, shop: Shop, prices: Prices) -> list[Size]:
    """Shortest, typical and longest text."""
    return [
        measured(template, samples.values(template, shop, length=length), prices, length=length) for length in Length
    ]


def measured(template: Template, values: dict[str, str], prices: Prices, *, length: Length = Length.TYPICAL) -> Size:
    """The text with these values, and how long it gets."""
    text = template.fill(values)
    return Size(
        length=length,
        text=text,
        units=units(text),
        unicode=is_unicode(text),
        parts=prices.parts(text, template.via),
        whole=prices.parts(template.whole(values), template.via),
        price=prices.of(text, template.via),
    )


def too_long(template: Template, shop: Shop, prices: Prices) -> Iterator[Flaw]:
    """Texts that are empty, that no provider takes, that break max_parts or that a long name makes dearer."""
    found = {size.length: size for size in sizes(template, shop, prices)}
    longest, limit = found[Length.LONGEST], template.max_parts

    def flaw(text: str, *, serious: bool = False) -> Flaw:
        return Flaw(path=template.path, line=template.first_line, rule="length", text=text, serious=serious)

    if not found[Length.SHORTEST].text:
        yield flaw("says nothing where little is known of an order; write a text outside of {% if %}", serious=True)
    if longest.units > MAX_UNITS:
        yield flaw(f"may get {longest.units} characters, and providers take {MAX_UNITS}; write less", serious=True)
    elif limit is not None and longest.parts > limit:
        yield flaw(f"may take {longest.parts} parts though max_parts = {limit}, with every name cut; write less")
    typical, long = (samples.values(template, shop, length=length) for length in (Length.TYPICAL, Length.LONGEST))
    names = {name: value for name, value in long.items() if name in NAMES}
    usual, with_names = found[Length.TYPICAL].parts, prices.parts(template.whole(typical | names), template.via)
    if names and limit is None and with_names > usual:
        yield flaw(
            f"a long {' or '.join(sorted(names))} tips it from {usual} into {with_names} parts;"
            f" write max_parts = {usual} to have names cut"
        )
