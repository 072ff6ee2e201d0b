"""A small OpenID Connect provider: real HTTP, real signatures, and no more of the protocol than a sign-in takes.

It signs in whoever comes, as the person that the test says, and keeps to what it must: a code is used once, by the
client that it was given for, with the verifier that fits its PKCE challenge.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "gauge", "a secret of the client"

_KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})


class FakeProvider:
    """What it says of itself and of people; a test may change any of it."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.person: dict[str, Any] = {"email": "Ada@Example.org", "email_verified": True, "groups": ["platform"]}
        self.says: dict[str, Any] = {}
        """Claims that are said other than they should be."""
        self.key = _KEY
        self.signs_with = self.key
        self.asked: dict[str, dict[str, str]] = {}
        """What was asked for, by code."""
        self.app = FastAPI()
        self.app.get("/.well-known/openid-configuration")(self.configuration)
        self.app.get("/keys")(self.keys)
        self.app.get("/authorize")(self.authorize)
        self.app.post("/token")(self.token)

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }

    def keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def authorize(self, request: Request) -> RedirectResponse:
        asked = dict(request.query_params)
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.asked[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    def token(
        self, request: Request, code: str = Form(), redirect_uri: str = Form(), code_verifier: str = Form()
    ) -> dict[str, Any]:
        asked = self.asked.pop(code, None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
        basic = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '%20')}".encode()).decode()
        plain = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if (
            asked is None
            or asked["redirect_uri"] != redirect_uri
            or asked["code_challenge"] != challenge
            or request.headers["authorization"] not in (f"Basic {basic}", f"Basic {plain}")
        ):
            raise HTTPException(400, "invalid_grant")
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": asked["client_id"], "sub": "42", "iat": now, "exp": now + 300,
            "nonce": asked["nonce"], **self.person, **self.says,
        }  # fmt: skip
        signed = jwt.encode({"alg": "RS256", "kid": "first"}, claims, self.signs_with)
        return {"access_token": "unused", "token_type": "Bearer", "id_token": signed, "expires_in": 300}


@contextmanager
def provider() -> Iterator[FakeProvider]:
    """A running provider, on a thread of this process."""
    # Whoever connects before it is ready waits: the socket listens already.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        fake = FakeProvider(listening.getsockname()[1])
        server = uvicorn.Server(uvicorn.Config(fake.app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield fake
        finally:
            server.should_exit = True
            thread.join()
