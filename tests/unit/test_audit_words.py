"""The audit page is read by people: what was done to what stands there in words, and only ids stay as they are."""

import pytest

from notifier.console import audit_words
from notifier.store.audit import Act, AuditEntry

NAMES = {"maryam": "مریم کاظمی", "reza": "رضا راد"}


@pytest.mark.parametrize(
    ("act", "about", "more", "said"),
    [
        (Act.DEPOSIT_MATCHED, "10040", "۲٬۴۶۱٬۰۰۰ تومان", ("سفارش ۱۰۰۴۰", "۲٬۴۶۱٬۰۰۰ تومان")),
        (Act.TIME_AGREED, "WC-77", "2026-12-01 16:00-19:00", ("سفارش WC-77", "سه‌شنبه ۱۰ آذر، ساعت ۱۶ تا ۱۹")),
        (Act.TIME_RELEASED, "10040", "", ("سفارش ۱۰۰۴۰", "")),
        (Act.TIME_RELEASED, "10040", "some day", ("سفارش ۱۰۰۴۰", "some day")),
        (Act.TEXT_SENT_AGAIN, "3947211021193786015", "order_packed", ("3947211021193786015", "«بسته‌بندی»")),
        (Act.TEXT_EDITED, "order_packed", "ab12 → cd34", ("«بسته‌بندی»", "ab12 ← cd34")),
        (Act.DIALLED, "3947211021193786015", "3947211021193786015-2", ("", "")),
        (Act.DELIVERY_TICKED, "10040", "not_at_home", ("سفارش ۱۰۰۴۰", "تحویل‌نشدن")),
        (Act.REPLY_ASSIGNED, "0912***4567", "reza", ("0912***4567", "به رضا راد")),
        (Act.ROLE_CHANGED, "reza", "agent → supervisor", ("رضا راد", "پشتیبان ← سرپرست")),
        (Act.CHANNELS_ORDERED, "maryam", "bale push sms", ("", "ربات بله، اعلان مرورگر، پیامک")),
        (Act.BOT_BOUND, "maryam", "telegram", ("", "ربات تلگرام")),
        (Act.CODES_TAKEN, "", "3/5 codes.csv", ("", "۳ از ۵، codes.csv")),
        (Act.CODES_TAKEN, "10040", "123456789012345678901234", ("سفارش ۱۰۰۴۰", "123456789012345678901234")),
        (Act.OUTCOME_UNDONE, "10040", "no_answer", ("سفارش ۱۰۰۴۰", "«پاسخ نداد»")),
        (Act.SIGNED_IN, "", "127.0.0.1", ("", "127.0.0.1")),
    ],
)
def test_a_line_in_words(act: Act, about: str, more: str, said: tuple[str, str]) -> None:
    entry = AuditEntry(at=0, act=act, by="maryam", about=about, more=more)
    assert (audit_words.about(entry, NAMES), audit_words.more(entry, NAMES)) == said


def test_a_call_is_led_to_by_its_id() -> None:
    entry = AuditEntry(at=0, act=Act.RECORDING_OPENED, by="maryam", about="3947211021193786015", more="1")
    assert audit_words.call_of(entry) == "3947211021193786015"
    assert not audit_words.call_of(AuditEntry(at=0, act=Act.EXPORTED, by="maryam", about="/orders"))
