"""Forms: in UTF-8, and no larger than a form needs to be.

aiohttp reads a form with whatever codec its sender names, in the header, in a part, or in a field; here none is asked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web

from notifier.incoming.heads import check_charset

LARGEST = 64 * 1024
"""Bytes of a form: a text of ten thousand Persian letters, each written as six."""

_MOST_FIELDS = 1000
_MULTIPART = "multipart/form-data"
_NAME = re.compile(rb'^content-disposition\s*:\s*form-data\s*;(?:[^\r\n]*;)?\s*name="([^"\r\n]*)"', re.I | re.M)
_FILE = re.compile(rb"^content-disposition[^\r\n]*;\s*filename", re.I | re.M)
_FILENAME = re.compile(rb'^content-disposition[^\r\n]*;\s*filename="([^"\r\n]*)"', re.I | re.M)
_BOUNDARY = re.compile(r"boundary=(?:\"([^\"]{1,70})\"|([^\s;,\"]{1,70}))", re.I)

Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PostedFile:
    """A file in a form, as the browser names it; what it says of its kind is not asked."""

    name: str
    content: bytes


async def body(request: web.Request, *, largest: int = LARGEST) -> bytes:
    """The body, no more than so many bytes of it. Raises HTTPRequestEntityTooLarge, unread if it says so itself."""
    if (request.content_length or 0) > largest:
        raise web.HTTPRequestEntityTooLarge(largest, request.content_length or 0)
    read: bytes = await request.clone(client_max_size=largest).read()
    return read


async def fields(request: web.Request) -> Fields:
    """The fields in their order, without files; none where the body is no form. Raises as ``received`` does."""
    return (await received(request))[0]


async def received(request: web.Request, *, largest: int = LARGEST) -> tuple[Fields, dict[str, PostedFile]]:
    """The fields in their order, and the files by the names of theirs where a form may be larger than one without.

    Raises WrongContentType where a part or a field names another encoding than UTF-8, HTTPRequestEntityTooLarge, and
    ValueError where it cannot be read.
    """
    kind, files = request.content_type, dict[str, PostedFile]()
    if kind == _MULTIPART:
        found = _BOUNDARY.search(request.headers["Content-Type"])
        if found is None:
            raise ValueError("no boundary")
        pairs = list(_parts(await body(request, largest=largest), (found[1] or found[2]).encode(), files))
    elif kind == "application/x-www-form-urlencoded":
        text = (await body(request)).decode().strip()
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    else:
        return [], files
    for name, value in pairs:
        if name.lower() == "_charset_":
            check_charset(f"charset={value}")
    return pairs, files


def _parts(raw: bytes, boundary: bytes, files: dict[str, PostedFile]) -> Iterator[tuple[str, str]]:
    """The fields of a body in parts: each has a head, and a name in it. Files are put into ``files``."""
    for part in (b"\r\n" + raw).split(b"\r\n--" + boundary, _MOST_FIELDS)[1:]:
        if part.startswith(b"--"):
            return
        head, _, value = part.partition(b"\r\n\r\n")
        check_charset(head.decode("ascii", "replace"))
        if name := _NAME.search(head):
            if _FILE.search(head):
                called = _FILENAME.search(head)
                files[name[1].decode()] = PostedFile(called[1].decode(errors="replace") if called else "", value)
            else:
                yield name[1].decode(), value.decode()
