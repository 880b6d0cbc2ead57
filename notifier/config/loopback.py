"""Which hosts are this very machine: between it and itself nothing needs TLS."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether a name, or an address without brackets, is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
