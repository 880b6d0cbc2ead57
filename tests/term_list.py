"""The list of terms (docs/terms.fa.md), and where a text, a page or a Persian document says something else."""

import ast
import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIST = ROOT / "docs" / "terms.fa.md"

_GAP = "[\\s\u200c]*"
_PERSIAN = re.compile("[آ-ی]")
_LETTERS = str.maketrans("يىئكةأإٱؤ", "یییکهاااو")
_INVISIBLE = re.compile(
    "[\u0610-\u061a\u0640\u064b-\u065f\u0670\u00ad\u200b\u200d-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_NOUN = f"(?:{_GAP}ها(?:ی(?:ی|م|ت|ش|مان|تان|شان)?)?)?(?:\u200c?(?:ای|یی|ی|ام|ات|اش|م|ت|ش|مان|تان|شان|ان))?"
_VERB = "ه?(?:\u200c?(?:ام|ای|ایم|اید|اند|م|ی|یم|ید|ند|ن|است))?"
_VERBS = ("شد", "شود", "کرد", "گرفت", "بگیر")
_QUOTED = re.compile("«([^»]+)»(?: در `([^`]+)`)?")

SIGN = "¦"
"""Stands between things that are not one sentence."""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A word that is never used for ``term``, anywhere or ``within`` one file or folder alone."""

    word: str
    term: str
    why: str
    within: str = ""

    def holds_for(self, name: str) -> bool:
        return not self.within or name == self.within or name.startswith(f"{self.within}/")


@dataclass(frozen=True, slots=True)
class Allowed:
    """A phrase in which a forbidden word is right."""

    phrase: str
    within: str = ""

    def holds_for(self, name: str) -> bool:
        return not self.within or name == self.within


@dataclass(frozen=True, slots=True)
class Terms:
    forbidden: tuple[Forbidden, ...]
    allowed: tuple[Allowed, ...]
    answers: frozenset[str]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    line: int
    said: str
    instead: str

    def __str__(self) -> str:
        return f"{self.name}:{self.line}: «{self.said}»: {self.instead}"


def plain(text: str) -> str:
    """The text as it is compared: one form of each letter, without marks and signs that nobody sees."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", html.unescape(text)).translate(_LETTERS))
    text = re.sub("(?<=ه)[ \u200c]ی(?![آ-ی])", "", text.replace("ۀ", "ه"))
    return text.replace("مسوول", "مسیول")


@cache
def _pattern(word: str) -> re.Pattern[str]:
    words = re.split("[\\s\u200c]+", plain(word).strip())
    ending = _VERB if words[-1].endswith(_VERBS) else _NOUN
    if not _PERSIAN.match(words[-1][-1]):
        ending = ""
    return re.compile(f"(?<![آ-ی]){_GAP.join(map(_letters, words))}{ending}(?![آ-ی])")


@cache
def _exactly(phrase: str) -> re.Pattern[str]:
    return re.compile(_GAP.join(map(_letters, re.split("[\\s\u200c]+", plain(phrase).strip()))))


def _letters(word: str) -> str:
    return "\u200c*".join(map(re.escape, word))


def is_in(phrase: str, text: str) -> bool:
    """Whether a plain text says an allowed phrase."""
    return bool(_exactly(phrase).search(text))


def read(source: str) -> Terms:
    """The list as the document says it."""
    parts = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", source, re.MULTILINE | re.DOTALL))
    forbidden = [
        Forbidden(word, term, why, within)
        for term, _, never, why in _rows(parts["نام‌ها"])
        for word, within in _QUOTED.findall(never)
    ]
    return Terms(
        forbidden=tuple(forbidden),
        allowed=tuple(
            Allowed(phrase, within)
            for said, _ in _rows(parts["جایی که واژه درست است"])
            for phrase, within in _QUOTED.findall(said)
        ),
        answers=frozenset(plain(word) for word, _ in _QUOTED.findall(parts["دکمه‌ها"])),
        others=tuple(row[0].strip("`") for row in _rows(parts["واژه‌های دیگران"])),
    )


def _rows(part: str) -> Iterator[list[str]]:
    lines = [line for line in part.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def written(name: str, source: str) -> Iterator[tuple[int, str]]:
    """What people read of a file, piece by piece, each with its line."""
    if name.endswith(".py"):
        yield from _strings(source)
    elif name.endswith(".md"):
        yield from _paragraphs(_document(source))
    else:
        yield 1, _page(source) if name.endswith(".html") else _text(source)


def _strings(source: str) -> Iterator[tuple[int, str]]:
    tree = ast.parse(source)
    unread = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            unread.update(id(part) for part in node.values)
            said = "".join(part.value if isinstance(part, ast.Constant) else "#" for part in node.values)  # type: ignore[misc]
            yield node.lineno, said
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in unread:
            yield node.lineno, node.value


def _text(source: str) -> str:
    """A template: what is told, and «#» where a value stands."""
    return re.sub(r"\{\{.*?\}\}", "#", re.sub(r"\{[%#].*?[%#]\}", "", source))


def _page(source: str) -> str:
    """A page without its tags, but with what is said within them: attributes, and texts given to macros."""
    said = re.compile(r"\"([^\"<>]*[آ-ی][^\"<>]*)\"")

    def tag(match: re.Match[str]) -> str:
        inside = [text for text in said.findall(match[0]) if text]
        gap = " " if re.match(r"</?(?:b|bdi|span|strong|em|kbd|a|i|small)\b", match[0]) else f" {SIGN} "
        return gap + "".join(f"{text} {SIGN} " for text in inside) + "\n" * match[0].count("\n")

    def value(match: re.Match[str]) -> str:
        inside = said.findall(match[0])
        return f" {SIGN} ".join(["", *inside, ""]) if inside else "#"

    source = re.sub(r"(?<==\")\{\{.*?\}\}(?=\")", "", source)
    source = re.sub(r"\{\{.*?\}\}", value, re.sub(r"\{%.*?%\}", lambda match: "".join(value(match).split("#")), source))
    return re.sub(r"<[a-zA-Z/!][^<>]*>", tag, source)


def _document(source: str) -> str:
    """Markdown as it is read: links by their words, code by what is in it."""
    source = re.sub(r"<!--.*?-->|</?bdi>|\*\*|`", "", source, flags=re.DOTALL)
    return re.sub(r"\]\([^()\s]+\)", "]", source)


def _paragraphs(source: str) -> Iterator[tuple[int, str]]:
    """Whole paragraphs, for a word may end in the next line; rows of a table and items of a list by themselves."""
    start, held = 1, ""
    for number, line in enumerate(source.splitlines(), 1):
        if held and re.match(r"\s*(?:$|[-|*#>]|[0-9۰-۹]+\. )", line):
            yield start, held
            held = ""
        start, held = (start, f"{held}\n{line}") if held else (number, line)
    yield start, held


def faults(terms: Terms, name: str, source: str) -> Iterator[Fault]:
    """Each word of a file that the list forbids there."""
    if name.startswith(terms.others):
        return
    words = [one for one in terms.forbidden if one.holds_for(name)]
    allowed = [one for one in terms.allowed if one.holds_for(name)]
    for line, piece in written(name, source):
        if not _PERSIAN.search(text := plain(piece)):
            continue
        for right in allowed:
            text = _exactly(right.phrase).sub(SIGN, text)
        for one in words:
            for match in _pattern(one.word).finditer(text):
                at = line + text.count("\n", 0, match.start())
                yield Fault(name, at, " ".join(match[0].split()), f"{one.term}؛ {one.why}")


_CODE = re.compile("(?:پاسخ|کد|خطای|وضعیت|HTTP|[|،(]) ?(?P<code>[۱-۵](?:[۰-۹]{2}|xx))(?![۰-۹٬٫])")
_CODES = frozenset(str(int(code)) for code in HTTPStatus) | {f"{kind}xx" for kind in range(1, 6)}
_LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")


def codes(name: str, source: str) -> Iterator[Fault]:
    """HTTP codes in other digits than machines write."""
    for line, text in written(name, source):
        for match in _CODE.finditer(text):
            if (code := match["code"].translate(_LATIN)) in _CODES:
                at = line + text.count("\n", 0, match.start())
                yield Fault(name, at, match["code"], f"{code}: a code of HTTP is written in Latin digits")


_BUTTON = re.compile(r"<(button|summary)\b[^>]*>(.*?)</\1>|<a class=\"button[^>]*>(.*?)</a>", re.DOTALL)
_SENTENCE = re.compile(
    "(?<![آ-ی])(?:(?:ن?می)[\u200c ][^ ]+|ب?(?:زن|بین|فرست|ساز|گیر|رو|کن|ده|خوان|نویس|گذار)(?:م|ید|یم)?|"
    "شد|شود|نشد|نشود|شوند|کنم|کنید|کنیم|کند|کن|دارم|داشتم|است|نیست|بود|نبود|ام|اید|آمد|رفت|خواست|نداد)$"
)


def buttons(terms: Terms, name: str, source: str) -> Iterator[Fault]:
    """Buttons that are no nouns."""
    for match in _BUTTON.finditer(source):
        line = source.count("\n", 0, match.start()) + 1
        for said in re.split(r"\{%.*?%\}|<kbd>.*?</kbd>|</?span[^>]*>", match[2] or match[3]):
            text = re.sub(r"\{\{.*?\}\}|<[^>]+>|…", "", said)
            text = " ".join(plain(text).split())
            if _SENTENCE.search(text) and text not in terms.answers:
                yield Fault(name, line, text, "a button says what it does as a noun")


def held() -> Iterator[Path]:
    """Every file that is held to the list."""
    yield ROOT / "README.fa.md"
    yield from (path for path in sorted((ROOT / "docs").rglob("*.fa.md")) if path != LIST)
    yield from sorted((ROOT / "templates").rglob("*.txt"))
    for folder in ("notifier", "scheduler"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".html", ".js") and "vendor" not in path.parts:
                yield path
