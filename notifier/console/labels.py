"""The console's words: every state, reason and event as a supporter would say it."""

from collections.abc import Mapping

from notifier.domain.calls import CallState, Purpose
from notifier.domain.channels import StaffChannel
from notifier.domain.dialing import DialFinding
from notifier.domain.door import DoorState
from notifier.domain.events import EventType, PaymentMethod
from notifier.domain.messages import MessageState
from notifier.domain.orders import Stage
from notifier.domain.slots import SlotMark, SlotRefusal
from notifier.domain.timeline import SuppressionReason
from notifier.domain.variables import PURPOSES
from notifier.sms.by_hand_end import Ending
from notifier.sms.limits import Over
from notifier.store.audit import COMMAND, SERVICE, STRANGER, Act, AuditEntry
from notifier.store.staff import Role
from notifier.texts.free_text import Objection
from scheduler.outcomes import Satisfaction
from scheduler.rules import Outcome

EVENTS: Mapping[str, str] = {
    EventType.REGISTERED: "سفارش ثبت شد",
    EventType.PREPARING: "در حال آماده‌سازی",
    EventType.PACKED: "بسته‌بندی شد",
    EventType.SHIPPED: "ارسال شد",
    EventType.OUT_FOR_DELIVERY: "به پیک سپرده شد",
    EventType.DELIVERED: "تحویل داده شد",
    EventType.CANCELLED: "سفارش لغو شد",
    EventType.RETURN_REQUESTED: "درخواست برگشت کالا",
    EventType.RETURNED: "کالا برگشت داده شد",
    EventType.RETURN_ACCEPTED: "برگشت کالا پذیرفته شد",
    EventType.RETURN_REFUSED: "برگشت کالا پذیرفته نشد",
    EventType.DELIVERY_FAILED: "تحویل انجام نشد",
    EventType.DELAYED: "ارسال عقب افتاد",
    EventType.CONFIRMED: "مشتری سفارش را تأیید کرد",
    EventType.CALLBACK_REQUESTED: "مشتری خواست با او تماس بگیریم",
    EventType.RATED: "مشتری نمره داد",
    EventType.STALLED: "مرسوله در راه مانده است",
    EventType.PAID: "پرداخت آنلاین انجام شد",
    EventType.PAYMENT_FAILED: "پرداخت ناموفق بود",
    EventType.DEPOSIT_REPORTED: "مشتری از واریز خبر داد",
    EventType.DEPOSIT_CONFIRMED: "واریز تأیید شد",
    EventType.DEPOSIT_REJECTED: "واریز دیده نشد",
    EventType.DEPOSIT_UNMATCHED: "واریز از سفارش جدا شد",
    EventType.REFUNDED: "وجه برگشت داده شد",
    EventType.DELIVERY_AGREED: "زمان تحویل هماهنگ شد",
    EventType.DELIVERY_CHANGED: "زمان تحویل تغییر کرد",
    EventType.DELIVERY_RELEASED: "زمان تحویل لغو شد",
}

STAGES: Mapping[Stage, str] = {
    Stage.NONE: "نامعلوم",
    Stage.REGISTERED: "ثبت‌شده",
    Stage.PAID: "پرداخت‌شده",
    Stage.PREPARING: "در حال آماده‌سازی",
    Stage.PACKED: "بسته‌بندی‌شده",
    Stage.SHIPPED: "ارسال‌شده",
    Stage.OUT_FOR_DELIVERY: "در دست پیک",
    Stage.DELIVERED: "تحویل‌شده",
    Stage.RETURN_REQUESTED: "درخواست برگشت",
    Stage.RETURNED: "برگشت‌خورده",
}

METHODS: Mapping[str, str] = {
    PaymentMethod.CASH: "نقدی هنگام تحویل",
    PaymentMethod.ONLINE: "آنلاین",
    PaymentMethod.PHONE: "سفارش تلفنی",
    PaymentMethod.BANK_TRANSFER: "کارت‌به‌کارت یا واریز",
}

MESSAGE_STATES: Mapping[str, str] = {
    MessageState.QUEUED: "در صف ارسال",
    MessageState.SENDING: "در حال ارسال",
    MessageState.ACCEPTED: "ارسال‌شده به مخابرات",
    MessageState.DELIVERED: "رسیده به گوشی",
    MessageState.UNDELIVERED: "نرسیده",
    MessageState.BLOCKED: "مسدود از سوی مشتری",
    MessageState.FAILED: "پذیرفته‌نشده",
    MessageState.UNKNOWN: "نامعلوم، در حال پیگیری",
    MessageState.EXPIRED: "از وقت گذشته",
    MessageState.CANCELLED: "پس‌گرفته‌شده",
    MessageState.HELD: "منتظر تصمیم شما",
}

TONES: Mapping[str, str] = {
    MessageState.DELIVERED: "good",
    MessageState.ACCEPTED: "dim",
    MessageState.UNDELIVERED: "bad",
    MessageState.BLOCKED: "bad",
    MessageState.FAILED: "bad",
    MessageState.UNKNOWN: "warn",
    MessageState.HELD: "warn",
    MessageState.EXPIRED: "dim",
    MessageState.CANCELLED: "dim",
}
"""How a message's state is coloured; the words say it too."""

WHY_NOT_AGAIN: Mapping[str, str] = {
    MessageState.QUEUED: "در صف است و ارسال می‌شود.",
    MessageState.SENDING: "همین حالا در حال ارسال است.",
    MessageState.ACCEPTED: "به مخابرات رسیده است؛ ارسال دوباره یعنی دو پیامک.",
    MessageState.DELIVERED: "به گوشی مشتری رسیده است؛ ارسال دوباره یعنی دو پیامک.",
    MessageState.UNDELIVERED: "یک بار ارسال شده و گوشی در دسترس نبوده است؛ تماس بگیرید.",
    MessageState.BLOCKED: "مشتری پیامک این خط را بسته است؛ تماس بگیرید.",
    MessageState.UNKNOWN: "شاید رسیده باشد و هنوز پیگیری می‌شود؛ تا روشن شدن آن دوباره نمی‌فرستیم.",
    MessageState.EXPIRED: "وقت آن گذشته است.",
    MessageState.CANCELLED: "خبر تازه‌تری جای آن را گرفت.",
}

MESSAGE_REASONS: Mapping[str, str] = {
    "too_late": "وقت آن گذشته بود",
    "called_twice": "دو بار تماس گویا گرفته شد و کسی پاسخ نداد",
    "no_line": "تماس گویا متوقف بود و راه دیگری نمانده بود؛ همکاران خبر می‌دهند",
    "no_rung": "همهٔ راه‌های ارسال پیش از این امتحان شده بود",
    "pointless": "خبر تازه‌تری جای آن را گرفت",
    "opted_out": "مشتری نخواسته است پیامک بگیرد",
    "maybe_sent": "پاسخ سامانهٔ پیامک گم شد و روشن نیست که رفته باشد",
    Over.HOUR: "این شماره در یک ساعت بیش از اندازه پیامک می‌گرفت",
    Over.DAY: "این شماره در یک روز بیش از اندازه پیامک می‌گرفت",
    Over.ESSENTIAL: "این شماره در یک روز بیش از اندازه پیامک می‌گرفت، حتی با شمردن پیامک‌های ضروری",
    Over.RIAL: "سقف هزینهٔ پیامک آن روز پر شده بود",
    Over.COUNTRY: "شماره از کشوری است که پیامکی به آن ارسال نمی‌شود",
    "superseded": "خبر تازه‌تری جای آن را گرفت",
    "by_hand": "همکاری از مشتری شنیده که رسیده است",
    Ending.GIVEN_UP: "همکاری از آن گذشت",
    Ending.BY_PHONE: "به جای آن تماس برنامه‌ریزی شد",
    "undone": "نتیجهٔ تماس پس گرفته شد",
}

SUPPRESSED: Mapping[str, str] = {
    SuppressionReason.SUPERSEDED: "خبر تازه‌تری جای آن را گرفته است",
    SuppressionReason.NOT_PAID: "هنوز پرداختی تأیید نشده است؛ پس از تأیید گفته می‌شود",
    SuppressionReason.NOT_REQUESTED: "برای این سفارش درخواست برگشتی نرسیده است؛ پس از آن گفته می‌شود",
    SuppressionReason.NO_MOBILE: "شمارهٔ همراهی برای پیامک نداریم",
    SuppressionReason.NOT_ON_OFFER: "این روش پرداخت در شهر مشتری ارائه نمی‌شود",
    SuppressionReason.DO_NOT_CALL: "مشتری خواسته است با او تماس نگیریم",
    SuppressionReason.PAST: "از گذشته است و تنها در تاریخچه ثبت شد",
}

FOUND_BY: Mapping[str, str] = {
    "number": "شمارهٔ سفارش",
    "code": "کد رهگیری، شماره قبض یا شماره پیگیری پرداخت",
    "phone": "تلفن",
    "name": "نام مشتری",
}
"""What the search found an order by."""

OBJECTIONS: Mapping[str, str] = {
    Objection.EMPTY: "متنی نوشته نشده است.",
    Objection.TOO_LONG: "متن بلندتر از اندازه است؛ کوتاه‌تر بنویسید.",
    Objection.CARD: "شمارهٔ کارت یا شبایی در متن است که مال فروشگاه نیست؛ آن را بردارید.",
    Objection.LINK: "نشانی‌ای در متن است که از فروشگاه یا شرکت ارسال این سفارش نیست؛ آن را بردارید.",
}
"""Why a text that a person writes cannot be sent."""

SPELLINGS: Mapping[str, str] = {
    "letters": "ی و ک فارسی",
    "invisible": "نویسه‌های نادیدنی",
    "spaces": "فاصله‌ها",
    "digits": "رقم‌های فارسی",
    "quotes": "گیومه",
    "punctuation": "نشانه‌های فارسی",
    "joiners": "نیم‌فاصله",
    "marks": "فاصلهٔ کنار نشانه‌ها",
    "direction": "جهت شماره‌ها و نام‌های لاتین",
}
"""The rules of spelling, as whoever wrote a text is told that it was corrected."""

ENDINGS: Mapping[str, str] = {
    Ending.ARRIVED: "رسیده است",
    Ending.BY_PHONE: "تماس به جای پیامک",
    Ending.GIVEN_UP: "گذشتن از آن",
}

CALL_STATES: Mapping[str, str] = {
    CallState.SCHEDULED: "برنامه‌ریزی‌شده",
    CallState.DUE: "وقت تماس",
    CallState.CLAIMED: "در دست پشتیبان",
    CallState.DONE: "انجام‌شده",
    CallState.CANCELLED: "دیگر لازم نیست",
    CallState.EXHAUSTED: "بی‌نتیجه پایان یافت",
}

OUTCOMES: Mapping[str, str] = {
    Outcome.REACHED: "صحبت شد",
    Outcome.NO_ANSWER: "پاسخ نداد",
    Outcome.BUSY: "مشغول بود",
    Outcome.CALLBACK: "وقت دیگری خواست",
    Outcome.WRONG_NUMBER: "شمارهٔ اشتباه",
    Outcome.REFUSED: "تماس نمی‌خواهد",
}

SATISFACTION: Mapping[str, str] = {
    Satisfaction.SATISFIED: "راضی",
    Satisfaction.PARTLY: "تا حدی راضی",
    Satisfaction.DISSATISFIED: "ناراضی",
}

ROLES: Mapping[str, str] = {Role.AGENT: "پشتیبان", Role.SUPERVISOR: "سرپرست", Role.COURIER: "پیک"}

STAFF_CHANNELS: Mapping[str, str] = {
    StaffChannel.BALE: "ربات بله",
    StaffChannel.TELEGRAM: "ربات تلگرام",
    StaffChannel.PUSH: "اعلان مرورگر",
    StaffChannel.SMS: "پیامک",
}

DOOR_STATES: Mapping[str, str] = {
    DoorState.WAITING: "تحویل‌نشده",
    DoorState.OUT: "در راه",
    DoorState.FAILED: "ناموفق",
    DoorState.DELIVERED: "تحویل‌شده",
    DoorState.STOPPED: "تحویل ندهید",
}
"""How far a delivery has come."""

DOOR_TONES: Mapping[str, str] = {
    DoorState.WAITING: "",
    DoorState.OUT: "warn",
    DoorState.FAILED: "bad",
    DoorState.DELIVERED: "good",
    DoorState.STOPPED: "bad",
}

TICKS: Mapping[str, str] = {"out": "در راه", "delivered": "تحویل", "not_at_home": "تحویل‌نشدن"}
"""What a courier says at a door."""

_HISTORY: Mapping[str, str] = {
    "claimed": "برداشته شد",
    "snoozed": "به وقت دیگر رفت",
    "assigned": "سپرده شد به",
    "lapsed": "مهلت گذشت و آزاد شد",
    "to the pool": "به تماس‌های بدون مسئول رفت",
    "escalated": "به سرپرست ارجاع شد",
    "revised": "به‌روز شد",
    "cancelled": "دیگر لازم نبود",
    "moved": "جابه‌جا شد به",
    "settled": "حساب بانک دیده شد",
    "undone": "نتیجه پس گرفته شد",
}

TEMPLATES: Mapping[str, str] = {
    "call_brief": "سربرگ کارت تماس",
    "call_brief_reason": "متن کارت تماس",
    "call_due": "یادآوری تماس",
    "calls_due": "یادآوری چند تماس",
    "call_exhausted": "تماس گرفتیم و پاسخ ندادید",
    "calls_digest": "فهرست آغاز شیفت",
    "calls_summary": "گزارش پایان روز",
    "deposit_confirmed": "تأیید واریز",
    "deposit_in_part": "رسیدن بخشی از واریز",
    "deposit_rejected": "واریز دیده نشد",
    "deposit_reminder": "یادآوری واریز",
    "deposit_reported": "دریافت خبر واریز",
    "order_cancelled": "لغو سفارش",
    "order_cancelled_no_deposit": "لغو سفارش بی‌واریز",
    "order_cancelled_part": "لغو سفارش با واریز ناتمام",
    "order_cancelled_prepaid": "لغو سفارش پرداخت‌شده",
    "order_delayed": "دیرکرد ارسال",
    "delivery_agreed": "زمان تحویل",
    "delivery_changed": "تغییر زمان تحویل",
    "delivery_released": "لغو زمان تحویل",
    "delivery_reminder": "یادآوری زمان تحویل",
    "order_delivery_failed": "تحویل‌نشدن سفارش",
    "order_return_accepted": "پذیرش برگشت کالا",
    "order_return_refused": "نپذیرفتن برگشت کالا",
    "opt_out_confirmed": "قطع پیامک‌ها",
    "order_revived": "برقراری دوبارهٔ سفارش",
    "order_registered_free": "ثبت سفارش رایگان",
    "order_delivered": "تحویل",
    "order_delivered_elsewhere": "تحویل (شهرهای دیگر)",
    "order_delivered_guarantee": "تحویل و ضمانت برگشت",
    "order_out_for_delivery": "پیک در راه است",
    "order_out_for_delivery_cash": "پیک در راه است (نقدی)",
    "order_packed": "بسته‌بندی",
    "order_preparing": "آماده‌سازی",
    "order_registered_cash": "ثبت سفارش نقدی",
    "order_registered_phone": "ثبت سفارش تلفنی",
    "order_registered_review": "ثبت سفارش، نیازمند هماهنگی",
    "order_registered_transfer": "ثبت سفارش و شمارهٔ کارت",
    "order_return_requested": "درخواست برگشت",
    "order_returned": "رسیدن کالای برگشتی",
    "order_shipped_elsewhere": "ارسال و کد رهگیری",
    "order_shipped_tehran": "ارسال (تهران)",
    "payment_failed": "پرداخت ناموفق",
    "payment_open": "پرداخت نیمه‌کاره",
    "payment_refunded": "برگشت وجه",
    "payment_succeeded_elsewhere": "پرداخت موفق",
    "payment_succeeded_tehran": "پرداخت موفق (تهران)",
    "alert": "هشدار به سرپرست",
    "free_text": "پیامک دستی",
}


def template(name: str) -> str:
    """A template's name for people; one the shop added keeps its own."""
    return TEMPLATES.get(name, name)


def purpose(name: str) -> str:
    return PURPOSES.get(name, name)


def what(name: str) -> str:
    """What a suppressed line is about: a purpose or a template."""
    return f"تماس «{PURPOSES[name]}»" if name in frozenset(Purpose) else f"پیامک «{template(name)}»"


_ANSWERS: Mapping[str, str] = {
    "200": "پذیرفته",
    "202": "پذیرفته",
    "400": "JSON نبود",
    "401": "امضا درست نبود",
    "404": "فروشگاه ناشناخته",
    "405": "روش درخواست نادرست",
    "408": "درخواست نیمه‌کاره ماند",
    "409": "تکراری با متنی دیگر",
    "413": "بیش از اندازه بزرگ",
    "415": "نوع محتوا نادرست",
    "422": "شکل رویداد نادرست",
    "429": "بیش از اندازه پی‌درپی",
    "500": "خطایی از ما",
    "503": "پایگاه داده در دسترس نبود",
}


def answer(status: int | str) -> str:
    """Why a webhook was answered as it was."""
    return _ANSWERS.get(str(status), "پذیرفته نشد، به دلیلی دیگر")


def webhook(counted: str) -> str:
    """A shop's name and what its webhooks were answered, as counted: «shop 401»."""
    source, _, status = counted.rpartition(" ")
    return f"{source}: {answer(status)}"


def entry(what_happened: str) -> str:
    """A line of a call's history."""
    what_happened, _, satisfaction = what_happened.partition(", satisfaction ")
    first, _, deposit = what_happened.partition(", deposit ")
    said = OUTCOMES.get(first) or _HISTORY.get(first, first)
    if satisfaction:
        said = f"{said}؛ {SATISFACTION.get(satisfaction, satisfaction)}"
    return f"{said}؛ {'واریز تأیید شد' if deposit == 'confirmed' else 'واریز دیده نشد'}" if deposit else said


SLOT_MARKS: Mapping[str, str] = {
    SlotMark.OUTSIDE: "بیرون از بازه‌های تحویل",
    SlotMark.DAY_OFF: "روز تعطیل",
    SlotMark.OVER: "بیش از ظرفیت بازه",
}

SLOT_REFUSALS: Mapping[SlotRefusal, str] = {
    SlotRefusal.PAST: "این زمان گذشته است؛ زمان دیگری انتخاب کنید.",
    SlotRefusal.SOON: "برای این زمان دیگر دیر است؛ زمان دیرتری انتخاب کنید.",
    SlotRefusal.FAR: "این روز هنوز باز نشده است؛ روز نزدیک‌تری انتخاب کنید.",
    SlotRefusal.DAY_OFF: "این روز تعطیل است؛ روز دیگری انتخاب کنید.",
    SlotRefusal.OTHER_REGION: "این بازه برای شهر این سفارش نیست؛ یکی از بازه‌های فهرست را انتخاب کنید.",
    SlotRefusal.OUTSIDE: "این زمان در بازه‌های تحویل نیست؛ یکی از بازه‌های فهرست را انتخاب کنید.",
    SlotRefusal.FULL: "ظرفیت این بازه همین حالا پر شد؛ بازهٔ دیگری انتخاب کنید.",
    SlotRefusal.CHANGED: "زمان تحویل این سفارش در این میان تغییر کرده است؛ زمان تازه را ببینید.",
    SlotRefusal.CLOSED: "این سفارش لغو یا تحویل شده است و زمان تحویل نمی‌گیرد.",
}

DIAL_FINDINGS: Mapping[str, str] = {
    DialFinding.CONNECTED: "مشتری پاسخ داد",
    DialFinding.BUSY: "مشتری مشغول بود",
    DialFinding.NO_ANSWER: "مشتری پاسخ نداد",
    DialFinding.UNREACHABLE: "تلفن مشتری در دسترس نبود",
    DialFinding.GIVEN_UP: "پیش از پاسخ مشتری قطع شد",
    DialFinding.LINE_FAULT: "مرکز تلفن نتوانست شماره بگیرد؛ تلاش به حساب نمی‌آید",
    DialFinding.AGENT_MISSED: "گوشی داخلی برداشته نشد؛ تلاش به حساب نمی‌آید",
    DialFinding.UNKNOWN: "از مرکز تلفن خبری نرسید؛ نتیجه را خودتان بنویسید",
}
"""What became of an attempt through the exchange."""

ACTS: Mapping[str, str] = {
    Act.SIGNED_IN: "وارد شد",
    Act.SIGN_IN_FAILED: "تلاش ناموفق برای ورود",
    Act.SIGN_IN_LIMITED: "تلاش‌های پی‌درپی؛ راه برای مدتی بسته شد",
    Act.SIGNED_OUT: "خارج شد",
    Act.SIGNED_OUT_EVERYWHERE: "خروج از همهٔ دستگاه‌ها",
    Act.STAFF_ADDED: "همکار تازه افزود",
    Act.STAFF_OFF: "حساب را غیرفعال کرد",
    Act.STAFF_ON: "حساب را فعال کرد",
    Act.ROLE_CHANGED: "نقش را عوض کرد",
    Act.PASSWORD_CHANGED: "گذرواژه را عوض کرد",
    Act.PASSWORD_GUESSED: "گذرواژهٔ کنونی را نادرست نوشت",
    Act.SECOND_FACTOR_ON: "ورود دومرحله‌ای را فعال کرد",
    Act.SECOND_FACTOR_OFF: "ورود دومرحله‌ای را غیرفعال کرد",
    Act.SECOND_FACTOR_RESET: "ورود دومرحله‌ای را بازنشانی کرد",
    Act.RECOVERY_USED: "با کد بازیابی وارد شد",
    Act.RECOVERY_RENEWED: "کدهای بازیابی تازه گرفت",
    Act.PUSH_ON: "اعلان‌های یک دستگاه را فعال کرد",
    Act.PUSH_OFF: "اعلان‌های یک دستگاه را غیرفعال کرد",
    Act.BOT_CODE: "کد اتصال ربات گرفت",
    Act.BOT_BOUND: "ربات پیام‌رسان را وصل کرد",
    Act.BOT_UNBOUND: "اتصال ربات پیام‌رسان را قطع کرد",
    Act.CHANNELS_ORDERED: "ترتیب راه‌های خبر را عوض کرد",
    Act.ALERT_SEEN: "هشداری را دید",
    Act.SHIFTS_CHANGED: "شیفت را عوض کرد",
    Act.SHOPS_CHANGED: "فروشگاه‌ها را عوض کرد",
    Act.ABSENCE_CHANGED: "حضور یا مرخصی را نوشت",
    Act.DEPOSIT_ENTERED: "مبلغ دیگری در حساب دید",
    Act.DEPOSIT_CONFIRMED: "واریز را تأیید کرد",
    Act.DEPOSIT_REJECTED: "نوشت که واریز دیده نشد",
    Act.DEPOSIT_GIVEN_BACK: "واریز را برای بررسی دوباره برگرداند",
    Act.DEPOSIT_MATCHED: "واریز بانک را به سفارش داد",
    Act.DEPOSIT_UNMATCHED: "واریز را از سفارش جدا کرد",
    Act.BANK_LINE_LEFT: "واریزی را بی‌سفارش دانست",
    Act.BANK_LINE_REOPENED: "واریزی را به فهرست برگرداند",
    Act.STATEMENT_TAKEN: "صورت‌حساب بانک را ثبت کرد",
    Act.DIALLED: "با مرکز تلفن به مشتری زنگ زد",
    Act.RECORDING_OPENED: "صدای ضبط‌شدهٔ تماس را باز کرد",
    Act.EXTENSION_CHANGED: "داخلی را عوض کرد",
    Act.CALLS_HANDED: "تماس‌ها را به دیگران سپرد",
    Act.CALLS_PUT_OFF: "تماس‌ها را به وقت دیگر برد",
    Act.FEED_RENEWED: "نشانی تازهٔ تقویم ساخت",
    Act.FEED_ENDED: "نشانی تقویم را بست",
    Act.REFUSED: "کاری خواست که اجازه‌اش را نداشت",
    Act.EXPORTED: "خروجی گرفت",
    Act.ERASED: "داده‌های مشتری را پاک کرد",
    Act.OUTCOME_UNDONE: "نتیجهٔ تماس را پس گرفت",
    Act.CALLS_STOPPED: "تماس با مشتری را بست",
    Act.CALLS_RESUMED: "تماس با مشتری را باز کرد",
    Act.TIME_AGREED: "زمان تحویل را هماهنگ کرد",
    Act.TIME_RELEASED: "زمان تحویل را لغو کرد",
    Act.TEXTS_STOPPED: "پیامک‌های مشتری را بست",
    Act.TEXTS_RESUMED: "پیامک‌های مشتری را باز کرد",
    Act.TEXT_WRITTEN: "به مشتری پیامک نوشت",
    Act.TEXT_SENT_AGAIN: "پیامک را دوباره فرستاد",
    Act.TEXT_EDITED: "متن پیامک را ویرایش کرد",
    Act.PROMISES_CHANGED: "قول‌ها را تغییر داد",
    Act.CODES_TAKEN: "کد رهگیری ثبت کرد",
    Act.PAGE_RENEWED: "به صفحهٔ مشتری نشانی تازه داد",
    Act.DELIVERY_TICKED: "خبر تحویل ثبت کرد",
    Act.TEXT_ARRIVED: "نوشت که پیامک رسیده است",
    Act.TEXT_GIVEN_UP: "از پیامک گذشت",
    Act.TEXT_BY_PHONE: "به جای پیامک، تماس گذاشت",
    Act.REPLY_SEEN_TO: "پیام مشتری را پایان‌یافته دانست",
    Act.REPLY_ASSIGNED: "پیام مشتری را سپرد",
    Act.DELIVERY_REPLAYED: "وب‌هوک پذیرفته‌نشده را دوباره بررسی کرد",
    Act.SETTINGS_RELOADED: "تنظیمات از نو خوانده شد",
    Act.SETTINGS_REFUSED: "تنظیمات تازه نادرست بود و برقرار نشد",
    Act.MORE: "بیش از این در همین ساعت نوشته نشد",
}

_TEXTS = frozenset({Act.TEXT_WRITTEN, Act.TEXT_SENT_AGAIN})


def _outcome(name: str) -> str:
    return OUTCOMES.get(name) or _HISTORY.get(name, name)


def doer(by: str, names: Mapping[str, str]) -> str:
    """Who did it."""
    if by.startswith(COMMAND):
        return f"خط فرمان ({by.removeprefix(COMMAND)})"
    return {SERVICE: "خود سرویس", STRANGER: "ناشناس"}.get(by) or names.get(by, by)


def more(entry: AuditEntry) -> str:
    """What else is known of a line of the audit trail."""
    if entry.act in _TEXTS:
        return f"«{template(entry.more)}»"
    if entry.act in (Act.ROLE_CHANGED, Act.STAFF_ADDED):
        return " ← ".join(ROLES.get(part, part) for part in entry.more.split(" → "))
    if entry.act is Act.OUTCOME_UNDONE:
        return f"«{_outcome(entry.more)}»"
    return entry.more


BY_HAND: Mapping[str, str] = {
    "outcome_undone": "نتیجهٔ تماس پس گرفته شد",
    "calls_stopped": "مشتری تماس نمی‌خواهد",
    "calls_resumed": "تماس با مشتری دوباره باز شد",
    "texts_stopped": "پیامک‌های غیرضروری این مشتری بسته شد",
    "texts_resumed": "پیامک‌های این مشتری دوباره باز شد",
    "sent_again": "پیامک دوباره به صف رفت",
    "deposit_entered": "مبلغ واریز فرق دارد و منتظر تأیید سرپرست است",
    "deposit_given_back": "واریز برای بررسی دوباره برگشت",
    "arrived": "مشتری می‌گوید پیامک رسیده است",
    "given_up": "از پیامک گذشتیم",
    "by_phone": "به جای پیامک، تماس برنامه‌ریزی شد",
}
"""What somebody did to an order that is no news of the shop's."""
