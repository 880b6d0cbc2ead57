"""Numbers in Persian words, as they are heard."""

_ONES = (
    *("صفر", "یک", "دو", "سه", "چهار", "پنج", "شش", "هفت", "هشت", "نه", "ده"),
    *("یازده", "دوازده", "سیزده", "چهارده", "پانزده", "شانزده", "هفده", "هجده", "نوزده"),
)
_TENS = ("", "", "بیست", "سی", "چهل", "پنجاه", "شصت", "هفتاد", "هشتاد", "نود")
_HUNDREDS = ("", "صد", "دویست", "سیصد", "چهارصد", "پانصد", "ششصد", "هفتصد", "هشتصد", "نهصد")
_SCALES = ("", "هزار", "میلیون", "میلیارد", "تریلیون", "تریلیارد")
_MOST = 1000 ** len(_SCALES)
_AND = " و "
_PAUSE = "، "
_PHONE, _MOBILE = (3, 2, 2, 2, 2), (4, 3, 2, 2)  # how the eleven digits of a number are said: 021 91 …, 0912 123 …


def in_words(number: int) -> str:
    """«صد و بیست و پنج هزار»; a number that nobody says in words is read like a code."""
    if not 0 <= number < _MOST:
        return code_in_words(str(abs(number)))
    if number < 1000:
        return _below_thousand(number)
    said = []
    for scale in reversed(range(len(_SCALES))):
        group = number // 1000**scale % 1000
        if group:
            alone = group == 1 and scale == 1  # «هزار و دویست», not «یک هزار و دویست»
            said.append(f"{'' if alone else _below_thousand(group)} {_SCALES[scale]}".strip())
    return _AND.join(said)


def code_in_words(digits: str) -> str:
    """A code by groups of two or three digits, as one dictates it; ``digits`` are ASCII digits."""
    return _PAUSE.join(map(_group, _groups(digits)))


def _below_thousand(number: int) -> str:
    if number < len(_ONES):
        return _ONES[number]
    hundreds, rest = divmod(number, 100)
    said = [_HUNDREDS[hundreds]] if hundreds else []
    if 0 < rest < len(_ONES):
        said.append(_ONES[rest])
    elif rest:
        tens, ones = divmod(rest, 10)
        said += [_TENS[tens], *([_ONES[ones]] if ones else [])]
    return _AND.join(said)


def _groups(digits: str) -> list[str]:
    lengths: tuple[int, ...] = ()
    if len(digits) == sum(_PHONE) and digits.startswith("0"):
        lengths = _MOBILE if digits.startswith("09") else _PHONE
    elif len(digits) % 2 and len(digits) > 1:
        lengths = (3, *(2,) * ((len(digits) - 3) // 2))
    else:
        lengths = (2,) * -(-len(digits) // 2)
    found, at = [], 0
    for length in lengths:
        found.append(digits[at : at + length])
        at += length
    return found


def _group(digits: str) -> str:
    """«صفر پنج» for 05: a zero in front is heard too."""
    rest = digits.lstrip("0")
    zeros = [_ONES[0]] * (len(digits) - len(rest))
    return " ".join([*zeros, *([in_words(int(rest))] if rest else [])])
