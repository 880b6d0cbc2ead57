"""The body of a delivery as a document that expressions can be looked for in: JSON, or a form as PHP writes it."""

import re
from codecs import BOM_UTF8
from typing import Any
from urllib.parse import parse_qsl

from notifier.errors import NotJson, Unprocessable, WrongContentType
from notifier.incoming import documents

FORM = "application/x-www-form-urlencoded"
_JSON = re.compile(r"(application|text)/([\w.+-]+\+)?json|text/plain|application/octet-stream")
_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_MAX_FIELDS, _MAX_DEPTH = 2000, 8
_MAX_KEY, _MAX_BLANKS = 500, 4000  # characters, bytes


def document(body: bytes, content_type: str) -> Any:
    """Raises WrongContentType, NotJson or Unprocessable. JSON that is called a form, as curl does, is taken as JSON."""
    body = body.removeprefix(BOM_UTF8)
    if content_type == FORM and not body[:_MAX_BLANKS].lstrip().startswith((b"{", b"[")):
        return _form(body)
    if content_type != FORM and not _JSON.fullmatch(content_type):
        raise WrongContentType(f"Post application/json or {FORM}, not {content_type}.")
    found = documents.read(body)  # an expression may look at each value
    if not isinstance(found, dict | list):
        raise Unprocessable("The body is JSON, and neither an object nor a list: nothing can be looked for in it.")
    return found


def _form(body: bytes) -> dict[str, Any]:
    """The fields; ``customer[phone]`` and ``items[0][name]`` are tables and lists, as http_build_query writes them."""
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS, strict_parsing=True
        )
    except ValueError as error:
        raise NotJson(f"The body is not a form in UTF-8: {error}") from None
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if len(name) > _MAX_KEY:
            raise Unprocessable(f"The name of a field of the form is longer than {_MAX_KEY} characters.")
        match = _KEY.fullmatch(name)
        keys = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])] if match else [name]
        place = fields
        for key in keys[:-1][:_MAX_DEPTH]:
            inner = place.setdefault(key or str(len(place)), {})
            place = inner if isinstance(inner, dict) else {}
        place[keys[-1] or str(len(place))] = value
    return {name: _lists(value) for name, value in fields.items()}


def _lists(value: Any) -> Any:
    """A value in which tables whose keys count from nought are the lists they were."""
    if not isinstance(value, dict):
        return value
    parts = {key: _lists(part) for key, part in value.items()}
    return list(parts.values()) if list(parts) == [str(place) for place in range(len(parts))] else parts
