"""A chart of nothing says so instead of being an empty box."""

from notifier.console import charts
from notifier.console.charts import Bar


def test_bars_of_nothing_are_said_in_words() -> None:
    for bars in ([], [Bar(label="رضا", value=0)]):
        for draw in (charts.columns, charts.rows):
            assert draw("تماس‌های هر همکار", bars) == '<p class="soft">چیزی ثبت نشده است.</p>'


def test_what_is_unknown_is_drawn_as_such() -> None:
    drawn = charts.columns("سفارش‌ها", [Bar(label="۲", value=0, unknown=True)])
    assert "؟</text>" in drawn
    assert 'aria-label="سفارش‌ها؛ ۲: نامعلوم"' in drawn


def test_the_whole_is_as_wide_as_its_room() -> None:
    drawn = charts.rows("پیامک‌ها", [Bar(label="پرداخت", value=6, inner=3), Bar(label="ارسال", value=0)])
    assert '<rect class="a" x="60.0"' in drawn
    assert '<rect class="b" x="175.0"' in drawn
