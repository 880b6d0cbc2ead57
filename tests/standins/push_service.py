"""A push service over real HTTP, and the browsers that subscribed there: each post is proved and read as they would."""

import contextlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(encoded: str) -> bytes:
    return urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


def _hkdf(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(material)


@dataclass(slots=True)
class PushedBrowser:
    """A browser with its own keys; ``read`` opens what was encrypted for it (RFC 8291, 3.4)."""

    endpoint: str
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"sixteen bytes..!"

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def form(self) -> dict[str, str]:
        """What its page hands in."""
        return {"endpoint": self.endpoint, "p256dh": text(self.public), "auth": text(self.auth)}

    def read(self, body: bytes) -> bytes:
        salt, size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        assert size >= len(body) - 21 - length
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.private.exchange(ec.ECDH(), point)
        material = _hkdf(shared, self.auth, b"WebPush: info\0" + self.public + sender, 32)
        key = _hkdf(material, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _hkdf(material, salt, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert padded.endswith(b"\x02")
        return padded[:-1]


@dataclass(frozen=True, slots=True)
class PushPost:
    """One post that was proved to be of the holder of the key. ``said`` is what the browser reads."""

    name: str
    said: Any
    body: bytes
    headers: dict[str, str]
    claims: dict[str, Any]
    status: int


@dataclass(slots=True)
class PushServer:
    """Answers what ``answers`` say, one a post, and then ``status``."""

    public_key: str = ""
    status: int = 201
    answers: list[int] = field(default_factory=list)
    retry_after: str = ""
    posts: list[PushPost] = field(default_factory=list)
    browsers: dict[str, PushedBrowser] = field(default_factory=dict)
    url: str = ""

    def browser(self, name: str) -> PushedBrowser:
        found = self.browsers[name] = PushedBrowser(f"{self.url}/push/{name}")
        return found

    async def take(self, request: web.Request) -> web.Response:
        name, body = request.match_info["name"], await request.read()
        kind, _, parts = request.headers["Authorization"].partition(" ")
        given = dict(part.strip().split("=", 1) for part in parts.split(","))
        assert kind == "vapid"
        assert given["k"] == self.public_key
        signed, _, signature = given["t"].rpartition(".")
        halves = raw(signature)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(given["k"])).verify(
            encode_dss_signature(int.from_bytes(halves[:32]), int.from_bytes(halves[32:])),
            signed.encode(),
            ec.ECDSA(SHA256()),
        )
        status = self.answers.pop(0) if self.answers else self.status
        said = json.loads(self.browsers[name].read(body))
        claims = json.loads(raw(signed.split(".")[1]))
        self.posts.append(PushPost(name, said, body, dict(request.headers), claims, status))
        return web.Response(status=status, headers={"Retry-After": self.retry_after} if self.retry_after else None)


@contextlib.asynccontextmanager
async def push_server() -> AsyncIterator[PushServer]:
    found, app = PushServer(), web.Application()
    app.add_routes([web.post("/push/{name}", found.take)])
    async with TestServer(app) as server:
        found.url = str(server.make_url("")).rstrip("/")
        yield found
