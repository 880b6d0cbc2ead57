"""docs/reference/events.md: every event of an order, and what follows by the policy that ships."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from notifier.config import Config, shipped
from notifier.config.loading import load
from notifier.domain.events import EventType, PaymentMethod
from notifier.domain.orders import STAGES
from notifier.domain.policy import Block, EventRule, When
from tools.reference.page import MADE, table

_MEANINGS: Mapping[EventType, str] = {
    EventType.REGISTERED: "The order was placed. Say who the customer is, and how they pay.",
    EventType.PREPARING: "Somebody is putting it together.",
    EventType.PACKED: "It is packed.",
    EventType.SHIPPED: "It left. Comes again when its tracking code becomes known or changes: each code is told once.",
    EventType.OUT_FOR_DELIVERY: "The courier is on the way to the customer.",
    EventType.DELIVERED: "The customer has it.",
    EventType.CANCELLED: "It will not be delivered. A later registration or payment brings it back.",
    EventType.RETURN_REQUESTED: "The customer wants to give it back.",
    EventType.RETURNED: "It is back at the shop.",
    EventType.RETURN_ACCEPTED: "The return is accepted. Told once it was asked for, or the goods are back.",
    EventType.RETURN_REFUSED: "The return is refused: say why in `data.reason`. Of two judgements the later stands.",
    EventType.DELIVERY_FAILED: "The parcel could not be handed over, and is tried again; why, in `data.reason`. After"
    " the delivery it is noted and told to nobody.",
    EventType.DELAYED: 'It is sent later than promised: `data.new_date`, such as `"2026-12-01"`, is the new day. Once'
    " it has left it is noted and told to nobody.",
    EventType.STALLED: "A parcel does not move, turns back or is lost; what is known, in `data.reason`. Told to"
    " staff alone; whatever moves the parcel ends it.",
    EventType.PAID: "Paid at the gateway: the order is prepaid. `reference` is the receipt to keep.",
    EventType.PAYMENT_FAILED: "A try to pay came to nothing.",
    EventType.DEPOSIT_REPORTED: "The customer says that a transfer was made.",
    EventType.DEPOSIT_CONFIRMED: "The transfer is in the account: the order is prepaid. With an `amount` that is less"
    " than the order's it is a part, several parts sum up, and only the whole makes the order prepaid; of more than the"
    " whole the support desk is told.",
    EventType.DEPOSIT_REJECTED: "The transfer was looked for and not found.",
    EventType.DEPOSIT_UNMATCHED: "A confirmed transfer was taken for this order's and is another's: it counts no more,"
    " and an order that lacks it is prepaid no longer. With the `reference` of a part only that part is taken back. The"
    " customer is told nothing.",
    EventType.DELIVERY_AGREED: "A time of delivery is agreed upon with the customer: `data.delivery`, such as"
    ' `{"date": "2026-12-01", "from": "16:00", "to": "19:00"}`. A fact wherever it lies:'
    " outside the slots it is marked.",
    EventType.DELIVERY_CHANGED: "Another time than before, in `data.delivery`; the former one is free again.",
    EventType.DELIVERY_RELEASED: "The agreed time holds no more.",
    EventType.CONFIRMED: "The customer says that the order stands.",
    EventType.CALLBACK_REQUESTED: "The customer wants to be phoned; when, in `data.callback_at`, or soon.",
    EventType.RATED: "What the customer thinks of it: `data.mark`, from 1 (bad) to 5 (very good). The last one counts.",
    EventType.REFUNDED: "Money went back, all or part of it.",
}

_EXAMPLE = """\
{"type": "payment.succeeded", "timestamp": "2026-11-23T10:00:00+03:30",
 "data": {"order_id": "10025",
          "customer": {"name": "سارا محمدی", "phone": "09121234567", "city": "تهران", "province": "تهران",
                       "address": "ونک، خیابان ملاصدرا، پلاک ۱۲، واحد ۴", "note": "زنگ سوم"},
          "payment": {"method": "online", "amount": 185000000, "currency": "IRR", "reference": "123456789"},
          "items": [{"name": "Xiaomi 13T Pro", "quantity": 1}],
          "shipment": {"carrier": "پست پیشتاز", "tracking_code": "123456789012345678901234", "url": "https://tracking.post.ir"}}}"""

_INTRODUCTION = f"""\
# Events

{MADE.format(command="python -m tools.reference")}

What a shop says, one event at a time. A source of `kind = "standard"` posts them in this form, signed as
[Standard Webhooks](../how-to/send-events.md); what [WooCommerce](../how-to/woocommerce.md) or
[another shop](../how-to/any-shop.md) posts is turned into them.
The service's own news for the shop's backend is [elsewhere](../how-to/outbound-webhooks.md).

```json
{_EXAMPLE}
```

- Later events of an order may carry `order_id` alone. What is left out says nothing; it never erases what was said
  before.
- `amount` is in `currency`: IRR rial, IRT toman, IRHR thousand rial, IRHT thousand toman.
- `timestamp` is when it happened, with its offset. Stages only move forward: of news that comes late its facts count,
  and its text is left out as `superseded`.
- An event whose order nobody has heard of, and that names no customer, waits until the order comes.
- Fields that are not known are kept and shown, not refused.
"""

_AFTER = """\
The policy of `config.toml` as it ships; [how to change it](../how-to/change-promises.md). A time in brackets is how
long after the news, a word the condition. «✗» is what the event makes pointless; «all» is every text that waits and
every open call. `tehran` are the cities of `[regions.cities]`, `elsewhere` is every other. [Texts](../texts.md) and
[purposes of calls](states.md#purposes-of-calls) have pages of their own.
"""


def page() -> str:
    """The whole page."""
    config = load(shipped.CONFIG, environment={})
    rows = [
        (f"`{kind}`", _MEANINGS[kind], STAGES[kind].name.lower().replace("_", " ") if kind in STAGES else "")
        for kind in EventType
    ]
    methods = ", ".join(f"`{method}`" for method in PaymentMethod)
    lines = [_INTRODUCTION, f"`payment.method` is one of {methods}.", ""]
    lines += ["## Types", "", *table(("type", "meaning", "stage of the order"), rows), ""]
    lines += ["## What follows", "", _AFTER]
    for kind in EventType:
        lines += [f"### {kind}", "", *_follows(kind, config), ""]
    return "\n".join(lines).rstrip() + "\n"


def _follows(kind: EventType, config: Config) -> Iterator[str]:
    policy = config.policy.policy(config.regions.regions())
    blocks: dict[str, Block] = {f"{region}, {method}": block for (region, method), block in policy.blocks.items()}
    blocks["otherwise"] = policy.otherwise
    rows = []
    for name, block in blocks.items():
        rule = block.rule(kind)
        calls = [*rule.calls, *(block.calls if kind is EventType.REGISTERED else ())]
        texts = [f"`{one.template}`{_condition(one.after, one.when)}" for one in rule.sms]
        planned = [f"`{one.purpose}`{_condition(one.after, one.when)}" for one in calls]
        if texts or planned or rule.cancel:
            rows.append((name, "<br>".join(texts), "<br>".join(planned), _pointless(rule)))
    if not rows:
        yield "Nothing: it is noted in the order's story."
        return
    yield from table(("for", "texts", "calls", "✗"), rows)


def _condition(after: timedelta, when: When) -> str:
    said = [*([_hours(after)] if after else []), *([str(when)] if when is not When.ALWAYS else [])]
    return f" ({', '.join(said)})" if said else ""


def _hours(after: timedelta) -> str:
    minutes = int(after.total_seconds()) // 60
    return f"{minutes} min" if minutes % 60 else f"{minutes // 60} h"


def _pointless(rule: EventRule) -> str:
    return "all" if "*" in rule.cancel else ", ".join(f"`{name}`" for name in sorted(rule.cancel))
