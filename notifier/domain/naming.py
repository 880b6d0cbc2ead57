"""Names that customers give themselves, as far as a text may repeat them.

Whoever orders in somebody else's number chooses the words that this number is texted in the shop's name. So a link, a
number to call, markup, or something that is no name at all is not repeated: the text does without.
"""

import re
import unicodedata

from notifier.domain import persian

_LONGEST = 60
_MOST_DIGITS = 3
_WORD = re.compile(r"[^\W\d_]{2,}")
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
_FIGURES = re.compile("[A-Z]{0,3}[0-9]+[A-Z]{0,3}")  # nearly every receipt and tracking code: no need to look closer
_PERHAPS = re.compile(r"\w[^\W_][.][^\W\d_]{2,}")  # an ending that nobody here knows


# Beginnings of words that no person is called by, wherever they stand: «شرکت», «شرکت‌های».
_COMPANIES = (
    *("شرکت", "فروشگاه", "سهامی", "هلدینگ", "مسئولیت محدود", "با مسئولیت", "موسسه", "مؤسسه", "نمایندگی", "کارخانه"),
    *("سازمان", "شهرداری", "دانشگاه", "آموزشگاه", "داروخانه", "بیمارستان", "درمانگاه", "رستوران", "هایپرمارکت"),
    *("سوپرمارکت", "کتابفروشی", "اتحادیه", "صنایع", "دبستان", "دبیرستان", "هنرستان", "کلینیک", "آژانس", "پاساژ"),
)
_OF_COMPANIES = re.compile(f"(?:^| )(?:{'|'.join(map(persian.fold, _COMPANIES))})")
# Words that are companies where a name begins with them; later they are surnames, or parts of them.
_FIRST_OF_COMPANIES = frozenset(
    persian.fold(word)
    for word in (
        *("گروه", "بازرگانی", "تعاونی", "تولیدی", "پخش", "مرکز", "دفتر", "اداره", "بانک", "بیمه", "بنیاد", "انجمن"),
        *("گالری", "کافه", "مغازه", "مجتمع", "مدرسه", "مهندسی", "موبایل", "پوشاک", "چاپخانه", "وزارت", "ستاد", "خیریه"),
    )
)
_FOREIGN_COMPANIES = frozenset(
    (
        *("co", "company", "ltd", "limited", "llc", "inc", "corp", "corporation", "gmbh", "plc", "pjsc", "holding"),
        *("trading", "group", "shop", "store", "market"),
    )
)


def greeted(name: str) -> str:
    """A customer's name as a greeting may say it, tidied; empty where it had better not.

    A person's name has two letters or more, no digits, and no word of a company.
    """
    found = named(name)
    if persian.is_plain(found):
        return found if _WORD.search(found) and not _is_company(found) else ""
    plain = _plain(found)
    if not _WORD.search(plain) or any(unicodedata.category(char)[0] == "N" for char in plain) or _is_company(plain):
        return ""
    return found


def named(name: str) -> str:
    """A customer's name as the staff may read it, tidied, be it a company's; empty for a link, a number, markup."""
    if len(name) > 4 * _LONGEST:
        return ""
    tidied = persian.tidy(name)
    if persian.is_plain(tidied):
        return tidied if len(tidied) <= _LONGEST else ""
    plain = _plain(tidied)
    digits, letters = sum(char.isdecimal() for char in plain), any(char.isalpha() for char in plain)
    if not letters or digits > _MOST_DIGITS or len(tidied) > _LONGEST:
        return ""
    return "" if any(found.search(plain) for found in (_MARKUP, _LINK, _PERHAPS)) else tidied


def harmless(text: str) -> str:
    """Words of an order that are no name, tidied; empty where they carry a link."""
    if _FIGURES.fullmatch(text):
        return text
    tidied = persian.tidy(text)
    if persian.is_plain(tidied):
        return tidied
    return "" if _LINK.search(_plain(tidied)) else tidied


def _is_company(name: str) -> bool:
    words = re.findall(r"[^\W_]+", persian.fold(name))
    joined = " ".join(words)
    if _OF_COMPANIES.search(joined):
        return True
    return not _FOREIGN_COMPANIES.isdisjoint(words) or (bool(words) and words[0] in _FIRST_OF_COMPANIES)


def _plain(text: str) -> str:
    """Without the many ways to write a letter, or the dot of an address."""
    return unicodedata.normalize("NFKC", text.translate(_DOTS)).translate(_DOTS)
