"""How long an SMS is, and how many parts it is billed as.

One part carries 140 octets: 160 letters of seven bits or 70 of sixteen. In a longer message every part gives six octets
to its header, which leaves 153 or 67. Sources: 3GPP TS 23.038, section 6.2.1 (GSM 03.38, the alphabet) and TS 23.040,
section 9.2.3.24.1 (the header); Kavenegar counts Persian by the same 70 and 67.
"""

import re

# The most Kavenegar takes in one message; beyond it answers 413.
MAX_UNITS = 900
MAX_PARTS = -(-MAX_UNITS // 67)

# 3GPP TS 23.038: the default alphabet without the escape, and its extension table, whose signs are sent as two.
_DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"
_GSM = re.compile(f"[{re.escape(_DEFAULT + _EXTENSION)}]*")
_EXTENDED = re.compile(f"[{re.escape(_EXTENSION)}]")


def units(text: str) -> int:
    """UTF-16 units: what Kavenegar's limit and a Persian message's parts are counted in; an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_unicode(text: str) -> bool:
    """Whether a single character of it makes the whole message a sixteen-bit one, as any Persian letter does."""
    return _GSM.fullmatch(text) is None


def segments(text: str, *, reserve: int = 0) -> int:
    """Parts of the text, with room for `reserve` units more of the same alphabet; none for nothing."""
    if _GSM.fullmatch(text) is None:
        return _unicode_parts(text, reserve)
    length = len(text) + len(_EXTENDED.findall(text)) + reserve
    if length <= 160:
        return 1 if length > 0 else 0
    return -(-length // 153)


def _unicode_parts(text: str, reserve: int) -> int:
    """An emoji is two units that are not torn apart: where only one is left in a part, it begins the next.

    Kavenegar's published rule does not say so, and some gateways do tear them; the larger number is never a surprise.
    """
    length = units(text) + reserve
    if length <= 70:
        return 1 if length > 0 else 0
    whole = -(-length // 67)
    if length == len(text) + reserve:  # no emoji in it
        return whole
    count, left = 1, 67
    for char in text:
        width = 2 if char > "\uffff" else 1
        if width > left:
            count, left = count + 1, 67
        left -= width
    return max(whole, count + max(0, -(-(reserve - left) // 67)))
