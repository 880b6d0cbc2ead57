"""The variables a template may use. One function each; its docstring is what the reference says of it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING

from msgspec import Struct

from notifier.domain import jalali, money, naming, persian
from notifier.domain.calls import Call, CallRequest
from notifier.domain.events import EventType, PaymentMethod
from notifier.domain.orders import Order, Priority
from notifier.domain.page_links import PageLinks, path

if TYPE_CHECKING:
    from notifier.domain.policy import Shop, Shops


class Context(Struct, frozen=True, kw_only=True):
    """What a text is about: an order, and for staff the call. Values are formatted only when a template asks."""

    order: Order
    shops: "Shops"
    now: datetime
    pages: PageLinks | None = None
    call: CallRequest | Call | None = None
    calls: tuple[Call, ...] = ()  # for staff: several at once
    numbers: Mapping[str, int] = {}  # for staff: counts, by the variable that shows them
    words: Mapping[str, str] = {}

    @property
    def shop(self) -> "Shop":
        """The shop that the order was placed with."""
        return self.shops.of(self.order.source)


Variable = Callable[[Context], str]
VARIABLES: dict[str, Variable] = {}


def variable(function: Variable) -> Variable:
    """Offer a function to templates under its own name."""
    VARIABLES[function.__name__] = function
    return function


OF_THE_SHOP: dict[str, Callable[["Shop"], str]] = {}
"""Variables that are the same for every order of a shop."""


def of_the_shop(function: Callable[["Shop"], str]) -> Callable[["Shop"], str]:
    """Offer to templates, under its own name, a function that looks at the shop alone."""
    OF_THE_SHOP[function.__name__] = function

    @wraps(function)
    def said(context: Context) -> str:
        return function(context.shop)

    VARIABLES[function.__name__] = said
    return function


def _toman(rial: int | None) -> str:
    return money.toman(rial) if rial else ""


@variable
def name(context: Context) -> str:
    """The customer's name as the shop gave it, tidied; empty when unknown, or no name: a link, a number, markup. For
    customers also where it is no person's: one letter, digits, a company."""
    return persian.isolate_latin(naming.greeted(context.order.details.name or ""))


def _name_for_staff(context: Context) -> str:
    """Whom the staff calls may be a company."""
    return persian.isolate_latin(naming.named(context.order.details.name or ""))


FOR_STAFF: dict[str, Variable] = {"name": _name_for_staff}
"""What texts for staff say under the same name."""


@variable
def order(context: Context) -> str:
    """The order number: Persian digits when it is a number, as given when it is a code."""
    return persian.order_number(context.order.number)


@variable
def amount(context: Context) -> str:
    """What the order costs, in toman; empty when unknown, and for nothing to pay."""
    order = context.order
    own = order.pay_exactly and order.transfer_due == order.pay_exactly
    return _toman(order.pay_exactly if own else order.details.amount)


@variable
def deposit(context: Context) -> str:
    """What was deposited, in toman; the order's amount when the deposit's is unknown."""
    details = context.order.details
    rial = details.deposit_amount if details.deposit_amount is not None else details.amount
    return _toman(rial)


@variable
def deposit_received(context: Context) -> str:
    """What has come of a deposit so far, all its parts together, in toman; empty when no sum was told."""
    return _toman(context.order.deposit_received)


@variable
def deposit_rest(context: Context) -> str:
    """What is still to come of a deposit that came in part, in toman; empty when nothing is."""
    return _toman(context.order.deposit_rest)


@variable
def deposit_surplus(context: Context) -> str:
    """By how much the deposits are more than the order costs, in toman; mostly empty: for staff texts only."""
    return _toman(context.order.deposit_surplus)


@variable
def refund(context: Context) -> str:
    """What was paid back, in toman; the order's amount when the refund's is unknown."""
    details = context.order.details
    rial = details.refund_amount if details.refund_amount is not None else details.amount
    return _toman(rial)


@variable
def receipt(context: Context) -> str:
    """The number of the payment to keep: the gateway's receipt or the bank's tracking number; empty when unknown."""
    return persian.code(naming.harmless(context.order.details.reference or ""))


@variable
def refund_receipt(context: Context) -> str:
    """The tracking number of the money paid back; empty when unknown."""
    return persian.code(naming.harmless(context.order.details.refund_reference or ""))


@variable
def item(context: Context) -> str:
    """The first item of the order, in its own direction; empty when unknown."""
    items = context.order.details.items
    return persian.isolate_latin(naming.harmless(items[0].name)) if items else ""


@variable
def more_items(context: Context) -> str:
    """How many further items the order has, in Persian digits; empty when it has one or none."""
    count = context.order.details.count
    return persian.digits(count - 1) if count > 1 else ""


@variable
def city(context: Context) -> str:
    """The city of delivery; empty when unknown."""
    return naming.harmless(context.order.details.city or "")


@variable
def carrier(context: Context) -> str:
    """Who carries the parcel; empty when unknown."""
    return persian.isolate_latin(naming.harmless(context.order.details.carrier or ""))


@variable
def tracking_code(context: Context) -> str:
    """The carrier's tracking code, to be copied; empty when unknown."""
    return persian.code(naming.harmless(context.order.details.tracking_code or ""))


@variable
def tracking_url(context: Context) -> str:
    """Where the parcel can be followed; empty when unknown."""
    return persian.code(context.order.details.tracking_url or "")


@variable
def new_date(context: Context) -> str:
    """The day on which a delayed order is sent, as a Jalali weekday and date; empty when unknown."""
    day = context.order.details.new_date
    return jalali.weekday_date(day) if day else ""


@variable
def delivery_time(context: Context) -> str:
    """The time of delivery that was agreed upon, as a Jalali weekday, date and hours; empty when none stands."""
    agreed = context.order.delivery
    return jalali.time_span(agreed.date, agreed.start, agreed.end) if agreed else ""


@variable
def delivery_day(context: Context) -> str:
    """The day of the agreed time alone, as a Jalali weekday and date; empty when none stands."""
    agreed = context.order.delivery
    return jalali.weekday_date(agreed.date) if agreed else ""


@variable
def delivery_hours(context: Context) -> str:
    """The hours of the agreed time alone, for a text of that very day; empty when none stands."""
    agreed = context.order.delivery
    return jalali.hours(agreed.start, agreed.end) if agreed else ""


@variable
def mark(context: Context) -> str:
    """What the customer thinks of the order, of 1 to 5; empty when they did not say: for staff texts only."""
    given = context.order.details.mark
    return persian.digits(given) if given else ""


@variable
def return_reason(context: Context) -> str:
    """Why a return was refused, in the shop's words; empty when unknown."""
    return _words(context.order.details.return_reason)


@variable
def failure_reason(context: Context) -> str:
    """Why a delivery failed, in the shop's words; empty when unknown."""
    return _words(context.order.details.failure_reason)


def _words(said: str | None) -> str:
    return persian.isolate_latin(naming.harmless(said or "").rstrip(".،؛ "))


@variable
def guarantee_until(context: Context) -> str:
    """The last day of the return guarantee, counted from delivery, as a Jalali date."""
    delivered = context.order.happened(EventType.DELIVERED)
    start = datetime.fromtimestamp(delivered / 1000, context.now.tzinfo) if delivered else context.now
    return jalali.date(start + timedelta(days=context.shop.return_days))


@of_the_shop
def return_days(shop: "Shop") -> str:
    """How many days the return guarantee lasts, in Persian digits."""
    return persian.digits(shop.return_days)


@variable
def deposit_deadline(context: Context) -> str:
    """Until when the transfer is awaited, counted from the order, or from now where that is over: Jalali weekday, date
    and hour."""
    placed = context.order.placed_at
    start = datetime.fromtimestamp(placed / 1000, context.now.tzinfo) if placed else context.now
    deadline = start + context.shop.deposit_deadline
    if deadline <= context.now:
        deadline = context.now + context.shop.deposit_deadline
    return f"{jalali.weekday_date(deadline)} ساعت {jalali.time_of(deadline)}"


@of_the_shop
def shop(shop: "Shop") -> str:
    """The shop's name."""
    return shop.name


@variable
def of_shop(context: Context) -> str:
    """The shop's name where there are several of them, so that nobody speaks for another; empty where there is one:
    for staff texts only."""
    return context.shop.name if context.shops.are_several else ""


@of_the_shop
def site(shop: "Shop") -> str:
    """The shop's address on the web; empty when it has none."""
    return persian.code(shop.site)


@variable
def page(context: Context) -> str:
    """The address of the customer's own page of this order; where texts may hold no links, that the order's number
    tells it on the shop's site; empty without `[customer_page]`."""
    if context.pages is None:
        return ""
    if not context.pages.in_texts:
        return f"شماره سفارش در {site(context.shop)}" if context.shop.site else ""
    found = path(context.order.page_token)
    return persian.code(f"{context.pages.base}{found}") if found else ""


@of_the_shop
def support_phone(shop: "Shop") -> str:
    """The number of the telephone supporters, in Persian digits."""
    return persian.code(persian.digits(shop.support_phone))


@of_the_shop
def bank(shop: "Shop") -> str:
    """The bank of the shop's card and account; empty when not said."""
    return shop.bank.strip()


@variable
def can_answer(_: Context) -> str:
    """Not empty where customers can answer this text and are understood (`[replies]`, and the line `receives`): for
    conditions."""
    return "۱"


@of_the_shop
def card(shop: "Shop") -> str:
    """The shop's card number for transfers, to be copied; empty when it takes none."""
    return persian.card(shop.card) if shop.card.strip() else ""


@of_the_shop
def account(shop: "Shop") -> str:
    """The shop's account number for deposits, to be copied; empty when it takes none."""
    return persian.code(shop.account)


@of_the_shop
def iban(shop: "Shop") -> str:
    """The Sheba number of the shop's account (IBAN), to be copied; empty when it has none."""
    return shop.iban


@of_the_shop
def holder(shop: "Shop") -> str:
    """Whose name the card and the account bear; empty when not said."""
    return shop.holder.strip()


@variable
def phone(context: Context) -> str:
    """The customer's phone, in Persian digits: for staff texts only."""
    return persian.digits(context.order.details.phone or "")


@variable
def purpose(context: Context) -> str:
    """Why the customer is to be called: for staff texts only."""
    return PURPOSES[context.call.purpose] if context.call else ""


@variable
def due_time(context: Context) -> str:
    """The hour at which the call is due, with its day where that is not today: for staff texts only."""
    return _due(context, context.call) if context.call else ""


def _due(context: Context, call: CallRequest | Call) -> str:
    day = jalali.day_beside(call.due_at, context.now)
    return jalali.time_of(call.due_at) if day == jalali.TODAY else f"{jalali.time_of(call.due_at)} {day}"


@variable
def words(context: Context) -> str:
    """The text to read out to the customer, or what the customer wrote: for staff texts only; empty for most calls."""
    call = context.call
    if call is None:
        return ""
    return " ".join((call.brief if isinstance(call, CallRequest) else call.first.words).split())


@variable
def tried(context: Context) -> str:
    """By what the customer was not reached before, when, and with what answer: for staff texts only; empty for most
    calls."""
    call = context.call
    if call is None:
        return ""
    return "؛ ".join(call.tried if isinstance(call, CallRequest) else call.first.tried)


@variable
def parcel_note(context: Context) -> str:
    """What is amiss with a parcel, as its carrier tells it: for staff texts only."""
    return persian.one_line(context.order.details.parcel_note or "")


@variable
def purpose_code(context: Context) -> str:
    """Why the customer is to be called, as the configuration names it: for conditions in staff texts."""
    return context.call.purpose if context.call else ""


@variable
def paid(context: Context) -> str:
    """What was paid in advance, in toman; empty when nothing was: for staff texts only."""
    return amount(context) if context.order.prepaid else ""


@variable
def receipt_name(context: Context) -> str:
    """What the number of the payment is called: the receipt of an order that is delivered first, the tracking number
    of every other; for staff texts only."""
    return "شماره قبض" if context.order.priority is Priority.HIGH else "شماره پیگیری پرداخت"


@variable
def payment_state(context: Context) -> str:
    """How an order that is not prepaid stands with its payment: for staff texts only."""
    order = context.order
    if order.deposit_rest and order.deposit_received:
        return f"{money.toman(order.deposit_received)} رسیده و {money.toman(order.deposit_rest)} مانده است"
    return "نقدی هنگام تحویل" if order.method is PaymentMethod.CASH else "هنوز پرداخت نشده"


@variable
def return_state(context: Context) -> str:
    """What became of a return: accepted, refused, or empty; for conditions in staff texts."""
    judged = context.order.return_judged
    return judged.rpartition("_")[2] if judged else ""


@variable
def failed_delivery(context: Context) -> str:
    """The hour at which a delivery failed, if nothing was tried since; for staff texts only."""
    failed = context.order.happened(EventType.DELIVERY_FAILED)
    tried = (EventType.OUT_FOR_DELIVERY, EventType.DELIVERED)
    if failed is None or any((context.order.happened(kind) or 0) > failed for kind in tried):
        return ""
    return jalali.time_of(datetime.fromtimestamp(failed / 1000, context.now.tzinfo))


@variable
def urgency(context: Context) -> str:
    """Why a reminder is more than a reminder, as late or ownerless; mostly empty: for staff texts only."""
    return context.words.get("urgency", "")


@variable
def staff_name(context: Context) -> str:
    """Whom a digest is for: for staff texts only."""
    return persian.tidy(context.words.get("staff_name", ""))


@variable
def call_count(context: Context) -> str:
    """How many calls a text is about; empty when none: for staff texts only."""
    return persian.digits(len(context.calls)) if context.calls else ""


@variable
def call_list(context: Context) -> str:
    """The first calls a text is about, a line each: for staff texts only."""
    shown = context.calls[:_LISTED]
    lines = [
        " ".join(
            part
            for part in (_due(context, call), naming.named(call.name or ""), persian.digits(call.phone or ""))
            if part
        )
        for call in shown
    ]
    return "\n".join(lines)


@variable
def more_calls(context: Context) -> str:
    """How many calls are left out of ``call_list``; empty when none: for staff texts only."""
    more = len(context.calls) - _LISTED
    return persian.digits(more) if more > 0 else ""


@variable
def pool_count(context: Context) -> str:
    """How many due calls nobody has; empty when none: for staff texts only."""
    return _number(context, "pool_count")


@variable
def tries(context: Context) -> str:
    """How often the customer was tried already; empty when never: for staff texts only."""
    return _number(context, "tries")


@variable
def done_count(context: Context) -> str:
    """How many calls were made since the last summary: for staff texts only."""
    return _number(context, "done_count") or persian.digits(0)


@variable
def exhausted_count(context: Context) -> str:
    """How many customers were given up unreached since the last summary; empty when none: for staff texts only."""
    return _number(context, "exhausted_count")


@variable
def open_count(context: Context) -> str:
    """How many calls are due and not made; empty when none: for staff texts only."""
    return _number(context, "open_count")


@variable
def late_count(context: Context) -> str:
    """How many of these are past their latest time; empty when none: for staff texts only."""
    return _number(context, "late_count")


def _number(context: Context, name: str) -> str:
    count = context.numbers.get(name, 0)
    return persian.digits(count) if count else ""


PERSONS = frozenset({"name", "staff_name"})
"""Variables that are said whole or not at all."""

OF_SEVERAL_LINES = frozenset({"call_list"})
"""Variables whose lines are ours; the value of any other is one line, whatever it holds."""

_LISTED = 4
"""How many calls a text lists: it is an SMS, and the console shows the rest."""

PURPOSES: dict[str, str] = {
    "coordination": "هماهنگی تحویل و پرداخت نقدی",
    "reassurance": "اطمینان‌بخشی پس از پرداخت",
    "shipping_update": "خبر ارسال",
    "satisfaction": "رضایت‌سنجی",
    "arrange_payment": "هماهنگی پرداخت و تحویل",
    "payment_help": "کمک به پرداخت",
    "verify_deposit": "تأیید واریز",
    "deposit_reminder": "یادآوری واریز",
    "undelivered_sms": "پیامک نرسیده",
    "why_cancelled": "پرسیدن دلیل لغو",
    "callback": "تماس به‌خواست مشتری",
    "return": "هماهنگی برگشت کالا",
    "deposit_not_found": "واریز پیدا نشد",
    "stalled_parcel": "مرسولهٔ مانده در راه",
}
"""Each purpose of a call in the words of the support desk."""
