"""Persian text: names compared and shown, digits, and codes that keep their order inside a right-to-left sentence."""

import re
import unicodedata
from functools import lru_cache

LRM = "\u200e"
ZWNJ = "\u200c"

_ASCII, _PERSIAN, _ARABIC = "0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩"
_TO_ASCII = str.maketrans(_PERSIAN + _ARABIC, _ASCII * 2)
_TO_PERSIAN = str.maketrans(_ASCII + _ARABIC, _PERSIAN * 2)
_ARABIC_TO_PERSIAN = str.maketrans(_ARABIC, _PERSIAN)
_GROUPED = str.maketrans(_ASCII + ",", _PERSIAN + "\u066c")

_LETTERS = "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
_PERSIAN_LETTERS = str.maketrans("يىك", "ییک")
# What stays different after compatibility decomposition, though a reader takes it for the same letter.
_ALIKE = str.maketrans("يىېےكڪہھەۃةٱ" + _PERSIAN + _ARABIC, "ییییککههههها" + _ASCII * 2, "\u0640\u0621")

_LONGEST, _SPARE = 2000, 20
"""Characters of a text that are looked at. Taken apart a name is about as long again, and one odd sign is eighteen."""

_FOLDED = re.compile(f"[{_LETTERS}]+(?: [{_LETTERS}]+)*")
_WORD = f"[{_LETTERS}آئأؤءۀ،؛؟«»{_PERSIAN}!-~]+"
_TIDY = re.compile(f"{_WORD}(?:[ {ZWNJ}]{_WORD})*")
# Marks and controls of direction, zero-width spaces, soft hyphens, byte order marks, halves of surrogate pairs.
_PLAIN = re.compile(f"[{_LETTERS}آئأؤءۀ{ZWNJ} ]*")
_UNSEEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_GAP = re.compile(rf"[\s\x00-\x1f\x7f-\x9f{ZWNJ}]+")


def is_folded(text: str) -> bool:
    """Whether a text is words of Persian letters with single spaces between, which ``fold`` leaves as they are."""
    return _FOLDED.fullmatch(text) is not None


def fold(text: str) -> str:
    """A key for comparing names: one spelling of every letter and digit, no joiners, marks, hamzas or spare spaces.

    Of a text that is longer than any name its beginning.
    """
    text = text[:_LONGEST]
    if text.isascii():
        return " ".join(_BLANK.sub(" ", text.lower()).split())
    return text if is_folded(text) else _folded(text)


@lru_cache(maxsize=4096)  # cities and provinces come again and again
def _folded(text: str) -> str:
    # Decomposed, آ أ ؤ ئ ۀ are a letter and a mark; the second round is for what case folding takes apart.
    room = 2 * len(text) + _SPARE
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text)[:room].casefold().translate(_ALIKE)
        text = _BLANK.sub(" ", text)
        text = "".join(char for char in text if unicodedata.category(char) not in {"Mn", "Me", "Cf", "Cs"})
    return " ".join(text.split())


def is_plain(text: str) -> bool:
    """Whether it is Persian letters, joiners and spaces alone, as nearly every name: no need to look closer."""
    return _PLAIN.fullmatch(text) is not None


def tidy(text: str) -> str:
    """A name from a shop, fit to be shown: Persian letters, single spaces, one line, no controls of direction."""
    if _TIDY.fullmatch(text):
        return text
    text = _UNSEEN.sub("", text.translate(_PERSIAN_LETTERS))
    return _GAP.sub(lambda gap: " " if gap[0].strip(ZWNJ) else ZWNJ, text).strip(f" {ZWNJ}")


def one_line(text: str) -> str:
    """The text with a space in the place of every break: no value may make a line of its own, whatever shows it."""
    if text.isprintable():  # no break is
        return text
    lines = text.splitlines()
    return text if lines == [text] else " ".join(stripped for line in lines if (stripped := line.strip()))


def digits(value: int | str) -> str:
    """With Persian digits; all else stays."""
    return str(value).translate(_TO_PERSIAN)


def ascii_digits(text: str) -> str:
    """With ASCII digits instead of Persian and Arabic-Indic ones; all else stays."""
    return text if text.isascii() else text.translate(_TO_ASCII)


def number(n: int) -> str:
    """Persian digits in groups of three: ۱۸٬۵۰۰٬۰۰۰."""
    grouped = f"{abs(n):,}".translate(_GROUPED)
    return grouped if n >= 0 else f"{LRM}-{grouped}"  # after a Persian letter a bare minus would go to the far side


# Codes and Latin names in a right-to-left sentence. The rules W2 to N1 are those of Unicode Standard Annex 9.
# After a Persian letter a digit counts as an Arabic number (W2). Single `. , / :` keep two such numbers together (W4),
# but `-`, spaces and all other neutrals between them take the sentence's direction, so 021-9100 is shown as 9100-021.
# After a Latin letter, digits count as Latin (W7) and neutrals between Latin and Latin stay with them (N1).
# A left-to-right mark is an invisible Latin letter: one at the start holds all that follows; one at the end is needed
# only after a final neutral. The `)` of 13T (5G) gets one though new phones pair brackets (N0): old ones do not.
_CLASSES = {"L": "L", "EN": "E", "AN": "C", "CS": "C", "ET": "T", "ES": "P", "R": "R", "AL": "R", "WS": "S"}
_PLAIN_CODE = re.compile(f"[A-Za-z0-9{_PERSIAN}]*")
_NUMBER = re.compile("E+(?:CE+)*")
_STARTS_WELL = re.compile("(?:E+(?:CE+)*)?L")
_ENDS_WELL = re.compile("(?:L|ET*)$")
_URL = re.compile("(?:https?://|www[.])", re.IGNORECASE)


def code(text: str) -> str:
    """A code, phone, link or Latin name as it must stand in a Persian sentence: as given, marked where order needs it.

    Text with Persian letters in it has no left-to-right order to keep and gets no mark.
    """
    if _PLAIN_CODE.fullmatch(text):
        return text
    # Arabic-Indic digits are Arabic numbers whatever stands before them, so no mark holds them; Persian ones it does.
    if not text.isascii():
        text = _UNSEEN.sub("", text).translate(_ARABIC_TO_PERSIAN)
    text = one_line(text).strip()
    classes = _classes(text)
    if "R" in classes or not ("L" in classes or "E" in classes) or _NUMBER.fullmatch(classes):
        return text
    head = "" if _STARTS_WELL.match(classes) else LRM
    if _ENDS_WELL.search(classes):
        return head + text
    # Android takes a mark right after a link for a part of its address (android.util.Patterns), and it leads nowhere.
    return f"{head}{text} {LRM}" if _URL.match(text) else f"{head}{text}{LRM}"


_LATIN_RUN = re.compile("(?:(?<![^S])[TP])?[LE](?:[^R]*[LE])?")
_LATIN_SIGN = re.compile("[A-Za-z0-9]")
_BRACKETS = {")": "(", "]": "[", "}": "{"}


def isolate_latin(name: str) -> str:
    """A product's or person's name in a Persian sentence: every Latin run in it is held together like a code."""
    if is_plain(name):
        return name
    name = one_line(_UNSEEN.sub("", name)).translate(_ARABIC_TO_PERSIAN)
    classes = _classes(name)
    if "R" not in classes:
        return code(name)
    pieces: list[str] = []
    done = 0
    for match in _LATIN_RUN.finditer(classes):
        start, end = _run(name, match.start(), match.end())
        run = name[start:end]
        pieces += name[done:start], code(run) if _LATIN_SIGN.search(run) else run
        done = end
    return "".join(pieces) + name[done:]


def _run(name: str, start: int, end: int) -> tuple[int, int]:
    """The run with the signs that belong to it: the `)` of 13T (5G), the `+` of S24+; not brackets around all of it."""
    inside = name[start:end]
    for closing, opening in _BRACKETS.items():
        if inside.count(closing) > inside.count(opening) and name[:start].endswith(opening):
            start -= 1
    while end < len(name):
        sign, inside = name[end], name[start:end]
        opening = _BRACKETS.get(sign, "")
        if not (inside.count(opening) > inside.count(sign) if opening else sign in "+%#°™®″"):
            break
        end += 1
    return start, end


def _classes(text: str) -> str:
    """One letter a character: L Latin, E digit, C `. , / :`, T `# $ %`, P plus or minus, R Persian, S space, N else."""
    if text.isascii():
        return text.translate(_CLASSES_OF_ASCII)
    return "".join([_class(char) for char in text])


def _class(char: str) -> str:
    return _CLASSES.get(unicodedata.bidirectional(char), "N")


_CLASSES_OF_ASCII = {code: _class(chr(code)) for code in range(128)}


def order_number(number: str) -> str:
    """An order's number in a sentence: Persian digits where it is a number, as given where it is a code."""
    return digits(number) if number.isdecimal() else code(number)


def card(number: str) -> str:
    """A bank card's number in fours, left to right: 6104-3377-1111-2222 behind one mark. Not sixteen digits: as `code`.

    Hyphens, because a line never breaks between a hyphen and a digit, while a group of a spaced number may fall to the
    next line. The mark, because without it a Persian sentence shows the groups in reverse, hyphens or spaces.
    """
    found = re.sub(r"[\s\-]", "", ascii_digits(_UNSEEN.sub("", number)))
    if not re.fullmatch("[0-9]{16}", found):
        return code(number)
    return code("-".join(found[at : at + 4] for at in range(0, 16, 4)))
