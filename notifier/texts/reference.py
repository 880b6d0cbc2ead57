"""The pages of docs/ that are made from the code and the templates."""

from collections.abc import Mapping

from notifier.domain.messages import Audience
from notifier.domain.policy import Shop, Shops
from notifier.domain.variables import VARIABLES
from notifier.sms.price import Prices
from notifier.sms.templates import Template
from notifier.sms.templates.header import Header, PatternHeader
from notifier.texts import samples
from notifier.texts.samples import Length
from notifier.texts.sizes import Size, sizes

_MADE = "<!-- Made by `python -m tools.reference`; do not edit. -->"


def variables(shop: Shop) -> str:
    """What a template may use: each variable with an example, and the keys of a header."""
    sample = samples.context(Length.TYPICAL, shop)
    lines = [
        "# What a template may say",
        "",
        _MADE,
        "",
        "A template is a file of `templates/`: a header in TOML between two lines of `+++`, then the text. In the text",
        "`{{ order }}` is replaced by a value, and `{% if name %}{{ name }} عزیز، {% endif %}` says something only",
        "where the value is known. Empty lines are left out. `notifier templates preview NAME` shows the text.",
        "",
        "## Variables",
        "",
        "| variable | what it is | example |",
        "|---|---|---|",
    ]
    for name, function in sorted(VARIABLES.items()):
        said, example = " ".join((function.__doc__ or "").split()), function(sample).replace("\n", " / ")
        lines.append(f"| `{name}` | {_cell(said)} | {_cell(example) or '(empty)'} |")
    lines += ["", "## Keys of the header", "", "| key | what it says |", "|---|---|"]
    lines += [f"| `{key}` | {_cell(field.description or _KEYS[key])} |" for key, field in Header.model_fields.items()]
    keys = PatternHeader.model_fields.items()
    lines += [f"| `patterns.KIND.{key}` | {_cell(field.description or '')} |" for key, field in keys]
    return "\n".join(lines) + "\n"


def texts(loaded: Mapping[str, Template], shops: Shops, prices: Prices) -> str:
    """Every text with a usual order, and how long it gets."""
    lines = [
        "# The texts",
        "",
        _MADE,
        "",
        "Every text as it ships, for a usual order. `notifier templates preview --page FILE` shows them in bubbles,",
        "with the shortest and the longest that each may become.",
        "",
        *(f"![The texts in bubbles, {number} of {PICTURES}](pictures/texts-{number}.webp)" for number in _NUMBERS),
    ]
    for audience, title in ((Audience.CUSTOMER, "To customers"), (Audience.STAFF, "To the staff")):
        lines += ["", f"## {title}"]
        for template in loaded.values():
            if template.audience is audience:
                lines += _text(template, sizes(template, shops.of(template.shop), prices))
    return "\n".join(lines) + "\n"


PICTURES = 3
"""Files in which the texts are shown together."""

_NUMBERS = range(1, PICTURES + 1)

_KEYS = {"audience": "customer or staff"}


def _text(template: Template, found: list[Size]) -> list[str]:
    shortest, typical, longest = found
    header = template.header
    facts = [
        f"{shortest.parts} to {longest.parts} parts, usually {typical.parts}",
        *(["essential"] if header.essential else []),
        "at any hour" if template.passes_quiet_hours else "not at night",
    ]
    bubble = "<br>".join(typical.text.splitlines())
    return ["", f"### {template.name}", "", f"{header.purpose}. {'; '.join(facts).capitalize()}.", "", _bubble(bubble)]


def _bubble(text: str) -> str:
    return f'<blockquote dir="rtl">{text}</blockquote>'


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
