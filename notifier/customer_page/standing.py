"""How an order stands, in the words of its customer's page: what has happened, what comes next, and by when. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from notifier.clock import TEHRAN
from notifier.customer_page.way import WayStep, way_of
from notifier.domain import jalali, money, naming, persian, phones, variables
from notifier.domain.events import AgreedTime, EventType, PaymentMethod
from notifier.domain.orders import Order, Stage
from notifier.domain.parcels import Trail
from notifier.domain.policy import Shop, Shops
from notifier.domain.variables import Context

_TITLES = frozenset(map(persian.fold, ("سید", "سیده", "میر", "حاج", "حاجی", "دکتر", "مهندس", "آقای", "خانم", "سرکار")))
"""Words that a first name may begin with and that are none."""

_ADDRESS = 500  # characters of a carrier's address


class CustomerAnswer(StrEnum):
    """What a customer may say on the page; the last part of the address that its form is sent to."""

    TIME = "time"
    PAID = "paid"
    CALL = "call"
    RETURN = "return"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class PageStep:
    """One step of the way: behind the order, where it is now, or before it."""

    label: str
    done: bool
    now: bool = False


@dataclass(frozen=True, slots=True)
class PageParcel:
    carrier: str
    code: str
    url: str
    way: Sequence[WayStep] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageStanding:
    """What the page shows. Sentences are whole; what is not known is empty."""

    number: str
    name: str
    phone: str
    steps: Sequence[PageStep]
    headline: str
    next: str
    by_when: str = ""
    agreed: str = ""
    parcels: Sequence[PageParcel] = ()
    receipt_name: str = ""
    receipt: str = ""
    guarantee: str = ""
    pay_to: Sequence[tuple[str, str]] = ()
    mark: int | None = None
    callback: str = ""
    answers: frozenset[CustomerAnswer] = frozenset()


def standing(
    order: Order,
    shops: Shops,
    now: datetime,
    *,
    call_at: datetime | None = None,
    slots: bool = False,
    trails: Mapping[str, Trail] | None = None,
) -> PageStanding:
    """The page of an order; ``call_at`` is when its customer is going to be phoned, ``slots`` whether there are slots
    of delivery where it goes, ``trails`` are its parcels' ways as their carriers told them."""
    context = Context(order=order, shops=shops, now=now)
    headline, following, by_when = _story(order, context, call_at)
    details, unpaid = order.details, awaits_transfer(order)
    agreed = order.delivery if order.stage < Stage.DELIVERED else None
    return PageStanding(
        number=variables.order(context),
        name=first_name(details.name or ""),
        phone=persian.digits(phones.mask(details.phone)) if details.phone else "",
        steps=() if order.cancelled else _steps(order),
        headline=headline,
        next=following,
        by_when=by_when,
        agreed=span(agreed) if agreed else "",
        parcels=_parcels(order, trails or {}),
        receipt_name="" if not details.reference else variables.receipt_name(context),
        receipt=naming.harmless(details.reference or ""),
        guarantee=_guarantee(order, context),
        pay_to=_pay_to(context) if unpaid and order.deposit_waiting is None else (),
        mark=details.mark if order.happened(EventType.RATED) else None,
        callback=_callback(order, now),
        answers=frozenset(_answers(order, context.shop, now, slots=slots)),
    )


def first_name(name: str) -> str:
    """A customer's first name; empty where a name is none that may be repeated."""
    words = naming.greeted(name).split()
    count = 1
    while count < len(words) and persian.fold(words[count - 1]) in _TITLES:
        count += 1
    return " ".join(words[:count])


def span(agreed: AgreedTime) -> str:
    """«سه‌شنبه ۱۰ آذر، ساعت ۱۶ تا ۱۹»."""
    return f"{jalali.weekday_date(agreed.date)}، ساعت {_hour(agreed.start)} تا {_hour(agreed.end)}"


def when(at: datetime, now: datetime) -> str:
    """«امروز ساعت ۱۶:۳۰», «فردا ساعت ۹:۰۰», «دوشنبه ۲ آذر ساعت ۹:۰۰»."""
    return f"{jalali.day_beside(at, now)} ساعت {jalali.time_of(at)}"


def awaits_transfer(order: Order) -> bool:
    """Whether a transfer is still to come, or to be seen."""
    return order.method is PaymentMethod.BANK_TRANSFER and not (order.prepaid or order.cancelled or order.free)


def return_until(order: Order, shop: Shop) -> datetime | None:
    """The end of the last day of the guarantee, once the order was delivered."""
    delivered = order.happened(EventType.DELIVERED)
    if delivered is None or not shop.return_days:
        return None
    last = datetime.fromtimestamp(delivered / 1000, TEHRAN).date() + timedelta(days=shop.return_days)
    return datetime.combine(last, time.max, TEHRAN)


def _hour(at: time) -> str:
    return persian.digits(at.hour if not at.minute else f"{at.hour}:{at.minute:02}")


def _steps(order: Order) -> list[PageStep]:
    """Without the payment where it is made at the door, or there is none to make."""
    at_the_door = order.free or order.method in (PaymentMethod.CASH, PaymentMethod.PHONE, None)
    stage = order.stage
    steps = [("ثبت سفارش", stage >= Stage.REGISTERED)]
    if order.paid or not at_the_door:
        steps.append(("پرداخت", order.paid))
    steps += [
        ("آماده‌سازی", stage >= Stage.PREPARING),
        ("بسته‌بندی", stage >= Stage.PACKED),
        ("ارسال", stage >= Stage.SHIPPED),
        ("تحویل", stage >= Stage.DELIVERED),
    ]
    current = max((place for place, (_, done) in enumerate(steps) if done), default=-1)
    return [PageStep(label, done, place == current) for place, (label, done) in enumerate(steps)]


def _story(order: Order, context: Context, call_at: datetime | None) -> tuple[str, str, str]:
    """Where the order is, what comes next, and by when."""
    calling = f"تا {when(call_at, context.now)}" if call_at else ""
    if order.cancelled:
        return _cancelled(order)
    if order.stage >= Stage.DELIVERED:
        return _delivered(order)
    if _failed(order):
        return "تحویل انجام نشد.", "برای زمان تازه با شما تماس می‌گیریم.", calling
    coming = order.delivery if order.delivery and _end(order.delivery) > context.now else None
    agreed = f"تا {_until(coming)}" if coming else ""
    if order.stage == Stage.OUT_FOR_DELIVERY:
        return "سفارش شما در دست پیک است.", "مرحلهٔ بعد: تحویل به شما", agreed
    if order.stage == Stage.SHIPPED:
        return "سفارش شما ارسال شد.", "مرحلهٔ بعد: تحویل به شما", agreed
    if not (order.prepaid or order.free or order.method is PaymentMethod.CASH):
        return _unpaid(order, context, calling)
    headline, following = {
        Stage.PREPARING: ("سفارش شما در حال آماده‌سازی است.", "مرحلهٔ بعد: بسته‌بندی"),
        Stage.PACKED: ("سفارش شما بسته‌بندی شد.", "مرحلهٔ بعد: ارسال"),
    }.get(order.stage, ("پرداخت شما رسید." if order.paid else "سفارش شما ثبت شد.", "مرحلهٔ بعد: آماده‌سازی"))
    delayed = order.details.new_date if order.happened(EventType.DELAYED) else None
    if delayed is not None and delayed >= context.now.astimezone(TEHRAN).date():
        return headline, "ارسال سفارش شما عقب افتاده است. زمان تازهٔ ارسال:", jalali.weekday_date(delayed)
    if coming:
        return headline, "زمان تحویل:", span(coming)
    if order.method is PaymentMethod.CASH and not order.delivery and order.stage < Stage.PREPARING:
        return headline, "برای هماهنگی زمان تحویل با شما تماس می‌گیریم.", calling
    return headline, following, ""


def _cancelled(order: Order) -> tuple[str, str, str]:
    if order.happened(EventType.REFUNDED) is not None and order.refunded:
        return "این سفارش لغو شد و وجه آن برگشت داده شد.", "کار دیگری نمانده است.", ""
    if order.happened(EventType.PAID) is not None or order.deposit_confirmed:
        return "این سفارش لغو شد.", "برگشت وجه را با پیامک خبر می‌دهیم.", ""
    return "این سفارش لغو شد.", "اگر این درخواست شما نبوده است، با پشتیبانی تماس بگیرید.", ""


def _delivered(order: Order) -> tuple[str, str, str]:
    if order.stage >= Stage.RETURNED:
        if order.refunded and order.happened(EventType.REFUNDED) is not None:
            return "کالا برگشت داده شد و وجه آن را پس دادیم.", "کار دیگری نمانده است.", ""
        return "کالا به دست ما رسید.", "برگشت وجه را با پیامک خبر می‌دهیم.", ""
    if order.stage == Stage.RETURN_REQUESTED:
        match order.return_judged:
            case EventType.RETURN_ACCEPTED:
                return "برگشت کالا پذیرفته شد.", "برای گرفتن کالا با شما هماهنگ می‌کنیم.", ""
            case EventType.RETURN_REFUSED:
                return "برگشت کالا پذیرفته نشد.", "برای پرسش با پشتیبانی تماس بگیرید.", ""
        return "درخواست برگشت کالا به ما رسید.", "پس از بررسی با شما تماس می‌گیریم.", ""
    return "سفارش شما تحویل داده شد.", "از خرید شما سپاسگزاریم.", ""


def _unpaid(order: Order, context: Context, calling: str) -> tuple[str, str, str]:
    if order.method is not PaymentMethod.BANK_TRANSFER:
        if order.happened(EventType.PAYMENT_FAILED) is not None:
            return "پرداخت انجام نشد.", "از سایت دوباره پرداخت کنید، یا بخواهید با شما تماس بگیریم.", calling
        if order.method is PaymentMethod.ONLINE:
            return "سفارش شما ثبت شد.", "منتظر پرداخت شما هستیم.", ""
        return "سفارش شما ثبت شد.", "برای هماهنگی پرداخت و تحویل با شما تماس می‌گیریم.", calling
    if order.deposit_waiting is not None:
        return "خبر واریز شما به ما رسید.", "پس از بررسی، نتیجه را با پیامک خبر می‌دهیم.", ""
    if order.deposit_rest and order.deposit_received:
        return f"{money.toman(order.deposit_received)} رسید.", f"مانده: {money.toman(order.deposit_rest)}", ""
    rejected = order.happened(EventType.DEPOSIT_REJECTED)
    if rejected is not None and rejected >= (order.happened(EventType.DEPOSIT_REPORTED) or 0):
        return "واریز را در حساب ندیدیم.", "رسید را ببینید و دوباره خبر بدهید؛ با شما تماس هم می‌گیریم.", calling
    placed = order.placed_at
    over = placed is not None and placed / 1000 + context.shop.deposit_deadline.total_seconds() < _now(context)
    return "سفارش شما ثبت شد.", "منتظر واریز شما هستیم.", "" if over else f"تا {variables.deposit_deadline(context)}"


def _now(context: Context) -> float:
    return context.now.timestamp()


def _failed(order: Order) -> bool:
    """Whether a delivery failed, and nothing was tried or agreed upon since."""
    failed = order.happened(EventType.DELIVERY_FAILED)
    later = (EventType.OUT_FOR_DELIVERY, EventType.DELIVERY_AGREED, EventType.DELIVERY_CHANGED)
    return failed is not None and not any((order.happened(kind) or 0) > failed for kind in later)


def _end(agreed: AgreedTime) -> datetime:
    return datetime.combine(agreed.date, agreed.end, TEHRAN)


def _until(agreed: AgreedTime) -> str:
    return f"{jalali.weekday_date(agreed.date)} ساعت {_hour(agreed.end)}"


def _parcels(order: Order, trails: Mapping[str, Trail]) -> list[PageParcel]:
    details = order.details
    found = {code: (parcel.carrier, parcel.url) for code, parcel in order.parcels.items() if code}
    if details.tracking_code and details.tracking_code not in found:
        found[details.tracking_code] = (details.carrier, details.tracking_url)
    return [
        PageParcel(
            persian.tidy(naming.harmless(carrier or "")), naming.harmless(code), _safe(url), way_of(code, trails)
        )
        for code, (carrier, url) in found.items()
    ]


def _safe(url: str | None) -> str:
    """An address that a page may lead to, or nothing."""
    if not url or len(url) > _ADDRESS:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""


def _guarantee(order: Order, context: Context) -> str:
    days = context.shop.return_days
    if not days or order.cancelled or order.stage > Stage.DELIVERED:
        return ""
    if order.happened(EventType.DELIVERED) is None:
        return f"{persian.digits(days)} روز پس از تحویل"
    return f"تا {variables.guarantee_until(context)}"


def _pay_to(context: Context) -> list[tuple[str, str]]:
    order, shop = context.order, context.shop
    left = order.transfer_due or order.details.amount
    named = (
        ("مبلغ", money.toman(left) if left else ""),
        ("کارت", variables.card(shop)),
        ("حساب", shop.account.strip()),
        ("شبا", shop.iban),
        ("به نام", shop.holder.strip()),
        ("بانک", shop.bank.strip()),
    )
    return [(label, said) for label, said in named if said]


def _callback(order: Order, now: datetime) -> str:
    """When the customer asked to be phoned, where that is to come."""
    asked, at = order.happened(EventType.CALLBACK_REQUESTED), order.details.callback_at
    named = asked is not None and order.stamps.get("callback_at") == asked  # else an earlier wish named it
    return when(at, now) if named and at is not None and at > now else ""


def _time_is_open(order: Order) -> bool:
    """Whether it is the customer's to choose when the order comes: it is not under way, nor waiting for its money."""
    at_the_door = order.method in (PaymentMethod.CASH, PaymentMethod.PHONE)
    return not order.cancelled and order.stage < Stage.OUT_FOR_DELIVERY and (order.prepaid or order.free or at_the_door)


def _answers(order: Order, shop: Shop, now: datetime, *, slots: bool) -> list[CustomerAnswer]:
    found = [CustomerAnswer.CALL]
    if slots and _time_is_open(order):
        found.append(CustomerAnswer.TIME)
    if awaits_transfer(order) and order.deposit_waiting is None:
        found.append(CustomerAnswer.PAID)
    if order.cancelled or order.happened(EventType.DELIVERED) is None:
        return found
    until = return_until(order, shop)
    if order.stage == Stage.DELIVERED and until is not None and now <= until:
        found.append(CustomerAnswer.RETURN)
    return [*found, CustomerAnswer.MARK]
