"""Persian on a terminal: texts as bubbles, the way a phone shows them."""

from rich.box import Box
from rich.console import RenderableType
from rich.panel import Panel
from rich.text import Text

from notifier.domain.counted import counted
from notifier.sms import segments

_WIDTH = 64

# Open to the right: terminals disagree about the width of joiners and marks, and a border there would wander.
_OPEN = Box("╭── \n│   \n├── \n│   \n├── \n├── \n│   \n╰── \n")


def bubble(text: str, *, title: str, note: str = "", colour: str = "green", width: int = _WIDTH) -> RenderableType:
    """One SMS. Lines are set to the right in their logical order; the terminal itself joins and orders the letters."""
    size = f"{counted(segments.units(text), 'character')}, {counted(segments.segments(text), 'part')}"
    return Panel(
        Text(text, justify="right"),
        title=Text(title),
        title_align="left",
        subtitle=Text(f"{note} · {size}" if note else size),
        subtitle_align="right",
        border_style=colour,
        box=_OPEN,
        width=width,
    )
