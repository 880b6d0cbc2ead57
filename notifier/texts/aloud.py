"""What a call reads out, before it does: words only the eye can use, words too long to listen to, and spelling."""

from collections.abc import Iterator

from notifier.domain.policy import Shop
from notifier.domain.spoken import LONGEST, spoken_form, unspeakable
from notifier.sms.segments import units
from notifier.sms.templates import Template
from notifier.texts import samples
from notifier.texts.flaws import Flaw
from notifier.texts.lint import corrected_line
from notifier.texts.samples import Length

SEEN_ONLY = frozenset({"tracking_url", "site", "card", "account", "iban"})
"""Variables that nobody can use by ear, or that whoever picks up need not know."""


def sample(template: Template, shop: Shop, *, length: Length = Length.TYPICAL) -> str:
    """What a call reads out in a sample."""
    if not template.header.spoken:
        return spoken_form(template.fill(samples.values(template, shop, length=length)))
    own = template.header.sample if length is Length.TYPICAL else {}
    return template.speak(template.heard_values(samples.context(length, shop)) | own)


def flaws(template: Template, shop: Shop) -> Iterator[Flaw]:
    """What is wrong with the header's ``spoken``."""
    words = template.header.spoken
    if not words:
        return

    def flaw(text: str, *, better: str | None = None, serious: bool = False) -> Flaw:
        return Flaw(
            path=template.path, line=template.spoken_line, rule="spoken", text=text, better=better, serious=serious
        )

    if silent := sorted(template.heard & SEEN_ONLY):
        yield flaw(
            f"spoken says {', '.join(silent)}, which nobody can use by ear; it is left out of a call", serious=True
        )
    elif unspeakable(words):
        yield flaw("spoken holds a link or the number of an account; it is left out of a call", serious=True)
    said = {length: sample(template, shop, length=length) for length in Length}
    if not all(said.values()):
        yield flaw("spoken comes out empty where values are missing; say something without them", serious=True)
    if (longest := max(map(units, said.values()))) > LONGEST:
        yield flaw(f"spoken gets {longest} characters long, and {LONGEST} are read out", serious=True)
    for line in words.splitlines():
        if (better := corrected_line(line)) != line:
            yield flaw("the spelling of spoken", better=better)
