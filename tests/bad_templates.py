"""Templates with every mistake there is, and what is said of each."""

from collections.abc import Iterator
from pathlib import Path

from rulebook import CONFIG

from notifier.errors import TemplateError
from notifier.texts import loading
from notifier.texts.review import review

FOLDER = Path(__file__).parent / "fixtures" / "bad_templates"
FINDINGS = FOLDER / "findings.txt"


def findings() -> Iterator[str]:
    """Everything found in the folders, one a line."""
    for folder in ("broken", "length", "pattern", "spelling"):
        try:
            loaded = loading.load(CONFIG, FOLDER / folder)
        except TemplateError as error:
            found = [f"error: {line}" for line in str(error).splitlines()]
        else:
            flaws = review(loaded, CONFIG.shops, CONFIG.sms.price)
            found = [f"{flaw.rule}: {flaw}" for flaw in flaws]
        yield from (line.replace(f"{FOLDER}/", "").replace("\u200e", "<U+200E>") for line in found)


if __name__ == "__main__":
    FINDINGS.write_text("\n".join(findings()) + "\n", encoding="utf-8")
