"""Who sent a request, as far as requests of one sender are counted together."""

from hashlib import sha256
from ipaddress import IPv6Address, ip_address


def network(address: str) -> str:
    """What counts as one address: itself, or of IPv6 its /64."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> 64 << 64)}/64"


def bucket(text: str) -> str:
    """One of 65,536."""
    return sha256(text.encode(errors="surrogateescape")).hexdigest()[:4]
