"""Persian on a terminal: texts as bubbles, the way a phone shows them."""

from rich import box
from rich.align import Align
from rich.console import RenderableType
from rich.panel import Panel
from rich.text import Text

from notifier.sms import parts

_WIDTH = 64


def bubble(text: str, *, title: str, note: str = "", colour: str = "green") -> RenderableType:
    """One SMS. Lines are set to the right; the terminal itself joins and orders the letters."""
    size = f"{parts.units(text)} characters · {parts.parts(text)} part{'s' if parts.parts(text) > 1 else ''}"
    body = Text(text, justify="right")
    return Align.left(
        Panel(
            body,
            title=title,
            title_align="left",
            subtitle=f"{note} · {size}" if note else size,
            subtitle_align="right",
            border_style=colour,
            box=box.ROUNDED,
            width=_WIDTH,
        )
    )
