"""Orders of odd kinds to try a text with: what a text must also say well, beside a usual order."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec.structs import replace

from notifier.domain.events import Details, Item
from notifier.domain.policy import Shop
from notifier.domain.variables import Context
from notifier.sms.templates import Template
from notifier.texts import samples
from notifier.texts.samples import Length


class SampleOrder(StrEnum):
    """What is odd about an order."""

    USUAL = "usual"
    LITTLE = "little"
    LONG = "long"
    NAMELESS = "nameless"
    COMPANY = "company"
    LATIN = "latin"
    LETTERED = "lettered"
    UNPAID = "unpaid"
    CODELESS = "codeless"
    UNPRICED = "unpriced"
    SMALL = "small"
    MANY = "many"


_LENGTHS = {
    SampleOrder.USUAL: Length.TYPICAL,
    SampleOrder.LITTLE: Length.SHORTEST,
    SampleOrder.LONG: Length.LONGEST,
}
_CHANGES: Mapping[SampleOrder, Callable[[Details], Details]] = {
    SampleOrder.NAMELESS: lambda one: replace(one, name=None),
    SampleOrder.COMPANY: lambda one: replace(one, name="شرکت بازرگانی نمونه‌گستر پارسیان (سهامی خاص)"),
    SampleOrder.LATIN: lambda one: replace(one, name="Sara Mohammadi", carrier="DHL", items=(Item("iPhone 15"),)),
    SampleOrder.CODELESS: lambda one: replace(one, tracking_code=None, tracking_url=None, carrier=None),
    SampleOrder.UNPRICED: lambda one: replace(one, amount=None),
    SampleOrder.SMALL: lambda one: replace(one, amount=10),
    SampleOrder.MANY: lambda one: replace(one, items=tuple(Item(f"کالای {place}") for place in range(1, 13))),
}


def values(template: Template, shop: Shop, kind: SampleOrder) -> dict[str, str]:
    """What a template's variables say about an order of this kind."""
    if (length := _LENGTHS.get(kind)) is not None:
        return samples.values(template, shop, length=length)
    return template.values(_changed(samples.context(Length.TYPICAL, shop), kind))


def _changed(usual: Context, kind: SampleOrder) -> Context:
    order = usual.order
    if kind is SampleOrder.LETTERED:
        return replace(usual, order=replace(order, id="DKP-1405/22-B"))
    if kind is SampleOrder.UNPAID:
        order = replace(order, prepaid=False)
    if change := _CHANGES.get(kind):
        order = replace(order, details=change(order.details))
    return replace(usual, order=order)
