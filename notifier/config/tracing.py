"""``[tracing]``: where traces go, if anywhere."""

from importlib.util import find_spec
from typing import Annotated

from pydantic import AfterValidator

from notifier.config.section import Section

_EXPORTER = "opentelemetry.exporter.otlp.proto.http"


def _collector(text: str) -> str:
    if not text:
        return text
    from yarl import URL  # here, as most shops ask for no trace, and every command reads this file

    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(
            "write the address of a collector that takes OTLP over HTTP, for example http://127.0.0.1:4318"
        )
    if url.user is not None or url.password is not None:
        raise ValueError("leave the name and password out of the address: set OTEL_EXPORTER_OTLP_HEADERS instead")
    if not _is_installed(_EXPORTER):
        raise ValueError("traces need packages that are not installed: pip install 'order-notifier[tracing]'")
    return text.rstrip("/")


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # nor is what it lies in
        return False


class TracingConfig(Section):
    """Without an endpoint there are no traces."""

    endpoint: Annotated[str, AfterValidator(_collector)] = ""
