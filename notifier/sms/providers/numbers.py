"""Phone numbers as providers want them written; ours are ``09…`` for Iran and ``+…`` for elsewhere."""


def international(phone: str) -> str:
    """Digits with the country's code and no sign before: ``989121234567``."""
    return phone[1:] if phone.startswith("+") else f"98{phone[1:]}"


def is_iranian(phone: str) -> bool:
    return phone.startswith("0")


def is_iranian_mobile(phone: str) -> bool:
    return phone.startswith("09") and len(phone) == len("09121234567")


def written(phone: str) -> dict[str, str]:
    """Every way of writing a number that a description may ask for, by the name of its placeholder."""
    whole = international(phone)
    return {
        "to": phone,
        "to_e164": f"+{whole}",
        "to_98": whole,
        "to_0098": f"00{whole}",
        "to_9": phone[1:],
    }
