"""Names that customers give themselves, as far as a text may repeat them.

Whoever orders in somebody else's number chooses the words that this number is texted in the shop's name. So a link, a
number to call, markup, or something that is no name at all is not repeated: the text does without.
"""

import re
import unicodedata

from notifier.domain import persian

_LONGEST = 60
_MOST_DIGITS = 3
_MARKUP = re.compile(r"[<>{}\[\]|\\^~`=*#$%_@]|&[#\w]+;")
_DOTS = str.maketrans("\u3002\uff61\u06d4\u2024\u00b7\u2027\u22c5", "." * 7)
_ENDINGS = (
    "com|net|org|info|biz|ir|io|me|ly|co|cc|gg|gl|gd|is|su|ws|to|tk|ml|ga|cf|gq|ru|cn|de|uk|us|app|dev|link|click|shop|"
    "store|online|site|website|top|xyz|club|vip|live|page|win|pro|ai|ایران"
)
_LINK = re.compile(
    rf"://|\bhxxp|\bwww\s?[.]|[(\[]dot[)\]]|\w\s?[.]\s?(?:{_ENDINGS})\b|\w[.][^\W\d_]{{2,}}/|[\w.]@\w"
    r"|\b[0-9]{1,3}(?:[.][0-9]{1,3}){3}\b",
    re.IGNORECASE,
)
_PERHAPS = re.compile(r"\w[^\W_][.][^\W\d_]{2,}")  # an ending that nobody here knows


def greeted(name: str) -> str:
    """A customer's name as a text may say it, tidied; empty where it had better not."""
    if len(name) > 4 * _LONGEST:
        return ""
    tidied = persian.tidy(name)
    plain = _plain(tidied)
    digits, letters = sum(char.isdecimal() for char in plain), any(char.isalpha() for char in plain)
    if not letters or digits > _MOST_DIGITS or len(tidied) > _LONGEST:
        return ""
    return "" if any(found.search(plain) for found in (_MARKUP, _LINK, _PERHAPS)) else tidied


def harmless(text: str) -> str:
    """Words of an order that are no name, tidied; empty where they carry a link."""
    tidied = persian.tidy(text)
    return "" if _LINK.search(_plain(tidied)) else tidied


def _plain(text: str) -> str:
    """Without the many ways to write a letter, or the dot of an address."""
    return unicodedata.normalize("NFKC", text.translate(_DOTS)).translate(_DOTS)
