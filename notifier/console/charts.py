"""Small bar charts as SVG: drawn here, without a library and without inline style."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from notifier.domain import persian

_WIDTH, _HEIGHT, _FOOT, _HEAD, _WIDEST = 480, 170, 22, 16, 40
_NOTHING = Markup('<p class="soft">چیزی ثبت نشده است.</p>')
_NAME = 24  # characters of a name at the right, as wide as a phone shows them


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """``inner`` is the part of ``value`` that is drawn darker; an ``unknown`` one has no value, not even 0."""

    label: str
    value: int
    inner: int = 0
    unknown: bool = False


def columns(title: str, bars: Sequence[Bar], *, every: int = 1) -> Markup:
    """Bars side by side from right to left, as time runs here; every so many has its label."""
    if not _says_anything(bars):
        return _NOTHING
    top = max(bar.value for bar in bars) or 1
    wide, room = _WIDTH / len(bars), _HEIGHT - _FOOT - _HEAD
    parts = [_open(title, _HEIGHT, bars)]
    for place, bar in enumerate(bars):
        left = _WIDTH - (place + 1) * wide
        width, middle = min(wide * 0.7, _WIDEST), left + wide / 2
        for size, kind in ((bar.value, "a"), (bar.inner, "b")):
            high = room * size / top
            if high:
                parts.append(_rect(middle - width / 2, _HEAD + room - high, width, high, kind))
        if bar.value and (len(bars) <= 12 or bar.value == top):
            parts.append(_text(middle, _HEAD + room - room * bar.value / top - 4, persian.number(bar.value)))
        if bar.unknown:
            parts.append(_text(middle, _HEAD + room - 4, "؟"))
        if place % every == 0:
            parts.append(_text(middle, _HEIGHT - 6, bar.label))
    parts.append(f'<line class="base" x1="0" x2="{_WIDTH}" y1="{_HEAD + room}" y2="{_HEAD + room}"/></svg>')
    return Markup("".join(parts))


def rows(title: str, bars: Sequence[Bar]) -> Markup:
    """Bars one under another, with names at the right."""
    if not _says_anything(bars):
        return _NOTHING
    high, name = 26, 190
    top, room = max(bar.value for bar in bars) or 1, _WIDTH - name - 60
    parts = [_open(title, high * len(bars), bars)]
    for place, bar in enumerate(bars):
        y = place * high
        for size, kind in ((bar.value, "a"), (bar.inner, "b")):
            if size:
                width = room * size / top
                parts.append(_rect(_WIDTH - name - width, y + 6, width, 14, kind))
        parts.append(_text(_WIDTH - 2, y + 18, _short(bar.label), anchor="start"))
        parts.append(
            _text(_WIDTH - name - room * bar.value / top - 6, y + 18, persian.number(bar.value), anchor="start")
        )
    parts.append("</svg>")
    return Markup("".join(parts))


def _says_anything(bars: Sequence[Bar]) -> bool:
    return any(bar.value or bar.unknown for bar in bars)


def _short(label: str) -> str:
    """What fits beside the bars; the whole of it is in the words for those who do not see them."""
    return label if len(label) <= _NAME else f"{label[: _NAME - 1].rstrip()}…"


def _open(title: str, height: float, bars: Sequence[Bar]) -> str:
    said = "، ".join(
        f"{bar.label}: {'نامعلوم' if bar.unknown else persian.number(bar.value)}"
        for bar in bars
        if bar.value or bar.unknown
    )
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}؛ {escape(said)}">'
    )


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" direction="rtl">{escape(text)}</text>'
