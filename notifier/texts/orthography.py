"""The rules of Persian spelling that the texts keep, each a function from a line to the line as it should be.

Placeholders stand in the line as single characters: VALUE for ``{{ name }}``, BLOCK for ``{% if … %}``. No library on
PyPI could be kept for this: hazm's and piraye's normalisers, the best of them, take links, times and codes apart.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from notifier.domain import persian

VALUE, BLOCK = "\ue000", "\ue001"

Rule = Callable[[str], str]

_L = "[آ-غف-یٔپچژکگ]"  # a Persian letter
_END = f"(?!{_L}|{persian.ZWNJ})"
_START = f"(?<!{_L})(?<!{persian.ZWNJ})"
_SEPARATE = "اآأدذرزژوؤء"  # never joined to the letter after it, so that a joiner there is of no use
_ZWNJ = persian.ZWNJ

_LETTERS = {"ي": "ی", "ى": "ی", "ې": "ی", "ك": "ک", "ڪ": "ک", "ة": "ه", "ە": "ه", "ہ": "ه", "ھ": "ه", "ۀ": "هٔ"}
_INVISIBLE = "\u00ad\u061c\u200b\u200d\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_LINK = re.compile(
    r"(?:(?:https?://|www\.)\S+|\S+@\S+\.\S+|(?<![\w.])[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[a-z]{2,}(?:/\S*)?)"
    r"(?<![,;?.!:،؛؟)»])"
)
_LATIN_WORD = re.compile(r"[A-Za-z]")

_PHONE = re.compile("[۰-۹]+(?:[-–() ]+[۰-۹]+)+")

_STEMS = "شو|کن|گیر|رس|ده|خواه|توان|فرست|آور|گذار|گرد|پرداز|یاب|بین|دان|مان|نویس|پذیر|فروش|خر|بر|رو|زن"
_ENDINGS = "م|د|یم|ید|ند"
_SUFFIXES = "ها(?:ی(?:ی|م|ت|ش|مان|تان|شان)?)?|ترین"
_COMPOUNDS = ("بسته بندی", "آماده سازی", "به زودی", "به موقع", "پیش پرداخت", "گفت وگو", "بی درنگ", "هم اکنون")


def letters(line: str) -> str:
    """Persian letters instead of Arabic ones, and «هٔ» in one form."""
    for wrong, right in _LETTERS.items():
        line = line.replace(wrong, right)
    return re.sub(f"ه{_ZWNJ}?ٔ|ه{_ZWNJ}ی{_END}|ه ی{_END}", "هٔ", line)


def invisible(line: str) -> str:
    """No characters that nobody sees and everybody pays for."""
    line = re.sub(f"[{_INVISIBLE}]|(?<={_L})ـ+|ـ+(?={_L})", "", line)
    line = re.sub(f"{_ZWNJ}{{2,}}", _ZWNJ, line)
    line = re.sub(f"(?<=[{_SEPARATE}\\s،؛؟.:!«»()]){_ZWNJ}|{_ZWNJ}(?=[\\s،؛؟.:!«»()])", "", line)
    return line.strip(_ZWNJ)


def digits(line: str) -> str:
    """Persian digits, but in Latin names, codes and links."""
    return _outside_links(_digits, line)


def _digits(text: str) -> str:
    words = re.split(r"(\s+)", text)
    for at, word in enumerate(words):
        before = words[at - 2] if at >= 2 else ""
        if not _LATIN_WORD.search(word) and not _LATIN_WORD.search(before[-1:]):
            word = re.sub(r"(?<=[0-9٠-٩]),(?=[0-9٠-٩]{3}(?![0-9٠-٩]))", "٬", word)
            words[at] = persian.digits(word)
    return "".join(words)


def punctuation(line: str) -> str:
    """«،؛؟٪» instead of «,;?%», and «…» instead of three dots."""
    return _outside_links(_punctuation, line)


def _punctuation(text: str) -> str:
    for wrong, right in {",": "،", ";": "؛", "?": "؟"}.items():
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(wrong)}|{re.escape(wrong)}(?![A-Za-z0-9 ])", right, text)
        text = re.sub(rf"(?<=[\u0600-\u06ff{VALUE}{BLOCK}]){re.escape(wrong)}", right, text)
    text = re.sub("(?<=[۰-۹])%", "٪", text)
    return re.sub(r"\.{3,}", "…", text)


def quotes(line: str) -> str:
    """«…» instead of straight quotes."""
    return re.sub("\"([^\"]*)\"|“([^”]*)”|'([^']*)'", lambda found: f"«{found[found.lastindex or 0]}»", line)


def spaces(line: str) -> str:
    """Single plain spaces, none at the ends."""
    return re.sub(r"[^\S\n]+", " ", line).strip()


def joiners(line: str) -> str:
    """A joiner, not a space, within a word: می‌شود, سفارش‌ها, گرفته‌اید."""
    line = re.sub(f"{_START}(ن?می) (?={_L}{{2,}})", rf"\1{_ZWNJ}", line)
    line = re.sub(f"{_START}(ن?می)(?=(?:{_STEMS})(?:{_ENDINGS}){_END})", rf"\1{_ZWNJ}", line)
    line = re.sub(f"(?<=[{_SEPARATE}]) (?=(?:{_SUFFIXES}){_END})", "", line)
    line = re.sub(f"(?<={_L}) (?=(?:{_SUFFIXES}){_END})", _ZWNJ, line)
    line = re.sub(f"(?<=ه) (?=(?:ام|ای|اید|ایم|اند){_END})", _ZWNJ, line)
    for compound in _COMPOUNDS:
        line = re.sub(f"{_START}{compound}", compound.replace(" ", _ZWNJ), line)
    return line


def around_marks(line: str) -> str:
    """No space before a mark, one after it."""
    return _outside_links(_around_marks, line)


def _around_marks(text: str) -> str:
    text = re.sub(r"[^\S\n]+(?=[،؛؟!:.…»)](?![A-Za-z0-9]))", "", text)
    text = re.sub(r"(?<=[«(])[^\S\n]+", "", text)
    text = re.sub(rf"(?<=[،؛؟])(?=[{_L[1:-1]}{VALUE}«])", " ", text)
    return re.sub(rf"(?<={_L})([.:!])(?=[{_L[1:-1]}{VALUE}«])", r"\1 ", text)


def direction(line: str) -> str:
    """Codes, links, phones and Latin names in an order that a phone does not turn round."""
    pieces = re.split(f"([{VALUE}{BLOCK}])", line)
    return "".join(_marked(piece) for piece in pieces)


def _marked(piece: str) -> str:
    core = piece.strip()
    if not core or core in (VALUE, BLOCK):
        return piece
    start = piece.index(core)
    held = _PHONE.sub(lambda found: persian.code(found[0]), persian.isolate_latin(core))
    return piece[:start] + held + piece[start + len(core) :]


@dataclass(frozen=True, slots=True)
class Spelling:
    """A rule with its name and what it says of a line that breaks it."""

    name: str
    rule: Rule
    text: str


SPELLINGS: Sequence[Spelling] = (
    Spelling("letters", letters, "write Persian ی, ک and هٔ"),
    Spelling("invisible", invisible, "invisible characters cost their place in a part; leave them out"),
    Spelling("spaces", spaces, "one plain space is enough"),
    Spelling("digits", digits, "write Persian digits"),
    Spelling("quotes", quotes, "write «…»"),
    Spelling("punctuation", punctuation, "write the Persian marks ، ؛ ؟ ٪ …"),
    Spelling("joiners", joiners, "a joiner, not a space, holds a word together"),
    Spelling("marks", around_marks, "no space before a mark, one after it"),
    Spelling("direction", direction, "phones would show this in the wrong order; hold it together with U+200E"),
)


def _outside_links(change: Rule, line: str) -> str:
    pieces, done = [], 0
    for link in _LINK.finditer(line):
        pieces += [change(line[done : link.start()]), link[0]]
        done = link.end()
    return "".join(pieces) + change(line[done:])
