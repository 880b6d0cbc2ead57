"""The values of an approved pattern, cleaned and held against the provider's rules.

Kavenegar documents (https://kavenegar.com/rest.html, verify/lookup): letters and digits, at most 100 of them; no space
in token, token2 and token3, five in token10, eight in token20; no new line, underline or «separator» in any. Which
signs are separators it does not say, so that only harmless ones are let through: the groups of a sum are parted by a
slash, as many write them by hand. sms.ir takes named values of 25.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from notifier.domain.counted import counted
from notifier.domain.persian import ZWNJ
from notifier.domain.variables import PERSONS
from notifier.sms.segments import units

EXACT = frozenset(
    {
        *("order", "amount", "deposit", "refund", "receipt", "refund_receipt", "tracking_code", "tracking_url"),
        *("site", "support_phone", "bank", "card", "account", "iban", "holder", "phone", "paid", "shop"),
        *("deposit_received", "deposit_rest", "deposit_surplus", "deposit_deadline", "guarantee_until"),
        "payment_state",
    }
)
"""Variables whose values must arrive whole: rather than cut one, the message goes as a plain text."""

_HARMLESS = frozenset("-./:()+")
_GROUPING = re.compile(r"(?<=\d)[\u066c,](?=\d{3}(?!\d))")
_DECIMAL = re.compile(r"(?<=\d)\u066b(?=\d)")
_LEFT_OUT = frozenset("\u066c,\u066b'’")  # where they part no figures
_BETWEEN_DIGITS = frozenset("- ")
_BESIDE_PERSIAN = re.compile("(?<=[\u0621-\u06cc]) | (?=[\u0621-\u06cc])")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a provider lets a token hold. ``spaces`` has an entry for each token, or is None where names are free."""

    spaces: Mapping[str, int] | None
    longest: int
    required: frozenset[str] = frozenset()
    placeholder: str = "%{}"
    free: bool = False  # any sign may stand in a value

    def fitted(self, variable: str, token: str, value: str) -> str | None:
        """The value as this token may hold it, or None where it would say too little or something else."""
        spaces = self.spaces.get(token, 0) if self.spaces is not None else self.longest
        cleaned = _cleaned(value, signs=self.free or spaces > 0, every_sign=self.free)
        if variable in PERSONS:
            whole = cleaned if spaces else cleaned.replace(" ", "")
            return whole if whole and whole.count(" ") <= spaces and units(whole) <= self.longest else None
        if variable in EXACT:
            glued = not spaces and _BESIDE_PERSIAN.search(cleaned) is not None
            whole = cleaned if spaces else cleaned.replace(" ", "")
            fits = whole.count(" ") <= spaces and units(whole) <= self.longest and _says_all(value, whole)
            return whole if whole and fits and not glued else None
        return _shortened(cleaned.split(" "), spaces=spaces, longest=self.longest) or None

    def wrong(self, token: str, value: str) -> str | None:
        """What is wrong with a value that is to be sent, in a sentence; None for nothing."""
        if self.spaces is not None and token not in self.spaces:
            return f"{token} is no token; there are: {', '.join(self.spaces)}"
        if not value:
            return f"{token} is empty"
        if units(value) > self.longest:
            return f"{token} has {counted(units(value), 'character')}, and {self.longest} are allowed"
        if self.free:
            return None
        allowed = self.spaces[token] if self.spaces is not None else 0
        if value.count(" ") > allowed:
            return f"{token} has {counted(value.count(' '), 'space')}, and may have {allowed}"
        harmless = _HARMLESS | {" "} if allowed else frozenset[str]()
        if bad := sorted({char for char in value if not _is_letter(char) and char not in harmless}):
            return f"{token} holds {', '.join(f'U+{ord(char):04X}' for char in bad)}, which the provider may refuse"
        return None


KAVENEGAR = TokenRules(
    spaces={"token": 0, "token2": 0, "token3": 0, "token10": 5, "token20": 8},
    longest=100,
    required=frozenset({"token"}),
)
SMSIR = TokenRules(spaces=None, longest=25, placeholder="#{}#", free=True)
RULES: Mapping[str, TokenRules] = {"kavenegar": KAVENEGAR, "smsir": SMSIR}
"""By the kind of provider."""


def _cleaned(value: str, *, signs: bool, every_sign: bool) -> str:
    """Letters, digits and single spaces, with ``signs`` the harmless ones too. Invisible signs and pictures go."""
    kept = []
    value = unicodedata.normalize("NFC", value)
    if not every_sign:
        value = _with_harmless_figures(value)
    for at, char in enumerate(value):
        category = unicodedata.category(char)
        printed = every_sign and category[0] in "PS" and category != "So"
        if _is_letter(char) or (signs and char in _HARMLESS) or printed:
            kept.append(char)
        elif char == ZWNJ:
            kept.append(ZWNJ if every_sign else _for_joiner(value[:at], value[at + 1 :]))
        elif char.isspace() or category[0] == "P":
            kept.append("" if char in _LEFT_OUT else " ")
    return " ".join("".join(kept).split())


def _with_harmless_figures(value: str) -> str:
    return _DECIMAL.sub(".", _GROUPING.sub("/", value))


_NOT_JOINED_ON = "اآأإؤدذرزژوء"
_WHOLE_BEFORE = re.compile("(?:^|[^\\w])(?:ن?می|علی|بی|پی|سی)$")


def _for_joiner(before: str, after: str) -> str:
    """What stands for a joiner that may not: nothing where the word is read as before, a space where it is not.

    Nothing after a letter that does not join anyhow, as in «امیر‌حسین», and within «پنج‌شنبه», «یک‌شنبه», «علی‌رضا»,
    «می‌رسد», which are written in one, too. A space after ه and most ی, which end a word, and before آ, which begins
    one.
    """
    if not before or before[-1] in _NOT_JOINED_ON:
        return ""
    if after.startswith("آ") or before[-1] == "ه":
        return " "
    if before[-1] == "ی":
        return "" if _WHOLE_BEFORE.search(before) else " "
    return ""


def _is_letter(char: str) -> bool:
    return unicodedata.category(char) in {"Lu", "Ll", "Lt", "Lo", "Nd"} or "\u064b" <= char <= "\u0654"


def _shortened(words: list[str], *, spaces: int, longest: int) -> str:
    """As many whole words as fit; of a first word that does not, its beginning. Without spaces words are joined."""
    joint = " " if spaces else ""
    text = joint.join(words[: spaces + 1] if spaces else words)
    while units(text) > longest and joint in text and (head := text.rpartition(" ")[0]):
        text = head
    while units(text) > longest:
        text = text[:-1]
    return text


def _says_all(value: str, cleaned: str) -> bool:
    """Whether nothing was lost that tells one code from another; between digits alone, hyphens and spaces do not."""
    value = _with_harmless_figures(value)
    kept = [char for char in value if char not in _LEFT_OUT and unicodedata.category(char) != "Cf"]
    cleaned = _with_harmless_figures(cleaned)
    before, after = "".join(kept).strip(), "".join(char for char in cleaned if char not in _LEFT_OUT)
    if all(char.isdecimal() or char in _BETWEEN_DIGITS for char in before):
        return [*filter(str.isdecimal, before)] == [*filter(str.isdecimal, after)]
    return before.replace(" ", "") == after.replace(" ", "")
