"""The documents as tests read them: headings, links, code and what is said of how it is run.

A block of shell commands may have a mark before it: ``<!-- run -->`` (a test runs it, and the block of text after it is
what it prints), ``<!-- run: stays -->`` (the same, and it goes on beside what follows) or ``<!-- not run: why -->``.
"""

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SHELLS = ("sh", "bash", "console")

_BLOCK = re.compile(
    r"(?:^ *<!-- (?P<mark>[^\n]*?) -->\n)?^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^(#+) (.+?)\s*$", re.MULTILINE)
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Block:
    """``mark`` is what the comment before it says, if any."""

    language: str
    text: str
    mark: str = ""

    @property
    def is_run(self) -> bool:
        return self.mark.partition(":")[0] == "run"

    @property
    def is_script(self) -> bool:
        """A whole program rather than what somebody types."""
        return self.text.startswith("#!")

    @property
    def stays(self) -> bool:
        return self.mark == "run: stays"

    @property
    def is_excused(self) -> bool:
        return self.mark.startswith("not run: ")

    def commands(self) -> list[str]:
        """Its lines, those that go on joined, without comments and prompts; of a console only what is typed."""
        lines = self.text.replace("\\\n", " ").splitlines()
        typed = [line.removeprefix("$ ") for line in lines if self.language != "console" or line.startswith("$ ")]
        return [line for line in typed if line.strip() and not line.lstrip().startswith("#")]

    def calls(self) -> Iterator[list[str]]:
        """The words behind each ``notifier`` in it."""
        for line in self.commands():
            yield from ours(line)


@dataclass(frozen=True, slots=True)
class Page:
    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The page without its blocks."""
        return _BLOCK.sub("", self.source)

    def blocks(self) -> list[Block]:
        return [
            Block(found["language"], textwrap.dedent(found["text"]), found["mark"] or "")
            for found in _BLOCK.finditer(self.source)
        ]

    def typed(self) -> list[Block]:
        """The blocks that somebody is to type into a shell."""
        return [block for block in self.blocks() if block.language in SHELLS and not block.is_script]

    def headings(self) -> list[tuple[int, str]]:
        return [(len(marks), text) for marks, text in _HEADING.findall(self.prose)]

    def anchors(self) -> set[str]:
        """What its headings may be linked to by, as GitHub names them."""
        return {_slug(text) for _, text in self.headings()}

    def links(self) -> list[str]:
        return _LINK.findall(_INLINE.sub("", self.prose))

    def inline(self) -> list[str]:
        return _INLINE.findall(self.prose)

    def calls(self) -> Iterator[list[str]]:
        """Every ``notifier …`` that the page shows, as words."""
        said = [text for text in self.inline() if text.startswith("notifier ")]
        for line in said:
            yield from ours(line)
        for block in self.typed():
            yield from block.calls()

    @property
    def twin(self) -> "Page | None":
        """The same page in Persian."""
        path = self.path.with_name(f"{self.path.stem}.fa.md")
        return Page(path) if path.exists() else None


def ours(line: str) -> Iterator[list[str]]:
    """The words behind each ``notifier`` of a line of shell."""
    for words in programs(line):
        for place, word in enumerate(words):
            if word.rpartition("/")[2] == "notifier":
                if all("=" in before or before in ("sudo", "exec", "-u", "notifier") for before in words[:place]):
                    yield words[place + 1 :]
                break


def programs(line: str) -> Iterator[list[str]]:
    """The words of each program that a line of shell calls."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split, lexer.commenters = True, "#"
    called: list[str] = []
    for word in lexer:
        if set(word) <= set(";&|"):
            yield called
            called = []
        else:
            called.append(word)
    if called:
        yield called


def pages() -> list[Page]:
    return [Page(path) for path in PAGES]


def _slug(heading: str) -> str:
    """GitHub's anchor: letters, marks, digits, hyphens and underscores stay, a space is a hyphen, joiners go."""
    text = _TAG.sub("", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text, flags=re.UNICODE).replace(" ", "-")
