"""Kavenegar's two tables: what an answer's code means, and what a message's status means (the official REST page)."""

from enum import IntEnum

from notifier.errors import NotifierError

ACCEPTED = 200

CODES = {
    ACCEPTED: "تایید شد",
    400: "پارامترها ناقص هستند",
    401: "حساب کاربری غیرفعال شده است",
    402: "عملیات ناموفق بود",
    403: "کد شناسائی API-Key معتبر نمی‌باشد",
    404: "متد نامشخص است",
    405: "متد Get/Post اشتباه است",
    406: "پارامترهای اجباری خالی ارسال شده اند",
    407: "دسترسی به اطلاعات مورد نظر برای شما امکان پذیر نیست",
    409: "سرور قادر به پاسخگوئی نیست بعدا تلاش کنید",
    411: "دریافت کننده نامعتبر است",
    412: "ارسال کننده نامعتبر است",
    413: "پیام خالی است و یا طول پیام بیش از حد مجاز می‌باشد",
    414: "حجم درخواست بیشتر از حد مجاز است",
    415: "اندیس شروع بزرگ تر از کل تعداد شماره های مورد نظر است",
    416: "IP سرویس مبدا با تنظیمات مطابقت ندارد",
    417: "تاریخ ارسال اشتباه است و فرمت آن صحیح نمی باشد",
    418: "اعتبار شما کافی نمی‌باشد",
    419: "طول آرایه متن و گیرنده و فرستنده هم اندازه نیست",
    420: "استفاده از لینک در متن پیام برای شما محدود شده است",
    422: "داده ها به دلیل وجود کاراکتر نامناسب قابل پردازش نیست",
    424: "الگوی مورد نظر پیدا نشد",
    426: "استفاده از این متد نیازمند سرویس پیشرفته می‌باشد",
    427: "استفاده از این خط نیازمند ایجاد سطح دسترسی می باشد",
    428: "ارسال کد از طریق تماس تلفنی امکان پذیر نیست",
    429: "IP محدود شده است",
    431: "ساختار کد صحیح نمی‌باشد",
    432: "پارامتر کد در متن پیام پیدا نشد",
    451: "فراخوانی بیش از حد در بازه زمانی مشخص IP محدود شده",
    501: "فقط امکان ارسال پیام تست به شماره صاحب حساب کاربری وجود دارد",
    604: "تعداد شماره ها بیشتر از حد مجاز است",
    607: "نام تگ انتخابی اشتباه است",
}


class RefusedError(NotifierError):
    """The call is answered with ``code`` instead of entries."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code} {CODES.get(code, '')}".strip())
        self.code = code


class SimulatedStatus(IntEnum):
    """Where a message is on its way."""

    QUEUED = 1
    SCHEDULED = 2
    AT_OPERATOR = 4
    AT_OPERATOR_TOO = 5
    FAILED = 6
    DELIVERED = 10
    UNDELIVERED = 11
    CANCELLED = 13
    BLOCKED = 14
    UNKNOWN = 100


FINAL = frozenset(
    {
        SimulatedStatus.FAILED,
        SimulatedStatus.DELIVERED,
        SimulatedStatus.UNDELIVERED,
        SimulatedStatus.CANCELLED,
        SimulatedStatus.BLOCKED,
    }
)
REFUNDED = frozenset({SimulatedStatus.CANCELLED, SimulatedStatus.BLOCKED})

STATUS_TEXTS = {
    SimulatedStatus.QUEUED: "در صف ارسال",
    SimulatedStatus.SCHEDULED: "زمان بندی شده",
    SimulatedStatus.AT_OPERATOR: "ارسال شده به مخابرات",
    SimulatedStatus.AT_OPERATOR_TOO: "ارسال شده به مخابرات",
    SimulatedStatus.FAILED: "خطا در ارسال پیام",
    SimulatedStatus.DELIVERED: "رسیده به گیرنده",
    SimulatedStatus.UNDELIVERED: "نرسیده به گیرنده",
    SimulatedStatus.CANCELLED: "لغو شده",
    SimulatedStatus.BLOCKED: "بلاک شده است",
    SimulatedStatus.UNKNOWN: "شناسه پیامک نامعتبر است",
}
