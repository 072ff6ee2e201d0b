"""The provider as authlib speaks to it: code flow with PKCE, state and nonce, ID tokens by its published keys.

Its metadata is read when somebody first signs in, so that a server starts without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import Request
from joserfc.errors import JoseError
from starlette.exceptions import HTTPException

from agentgauge.settings.oidc import OidcSettings

try:
    from httpx2 import HTTPError
except ImportError:  # what authlib asks through where there is no httpx2
    from httpx import HTTPError  # type: ignore[assignment]  # the same, by its older name

_PROVEN_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures of a key pair, whatever else the provider's metadata says."""


class Provider:
    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._client = OAuth().register(
            "provider",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256", "timeout": 10},
        )

    async def address(self, session: dict[str, Any], request: Request) -> str:
        """Where somebody signs in. What the answer has to fit, state, nonce and the PKCE verifier, is put into
        `session`. 503 where the provider cannot be reached."""
        request.scope["session"] = session
        try:
            await self._load()
            redirect = await self._client.authorize_redirect(request, f"{self._settings.public_url}/sign-in/callback")
        except HTTPError as error:
            raise _unreachable() from error
        return str(redirect.headers["location"])

    async def claims(self, session: dict[str, Any], request: Request) -> Mapping[str, Any]:
        """Whom the provider sent back: the claims of an ID token that it signed, for this client and this sign-in.

        401 where something does not fit, 503 where it cannot be reached.
        """
        request.scope["session"] = session
        options = {
            "iss": {"essential": True, "value": self._settings.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
        }
        try:
            await self._load()
            token = await self._client.authorize_access_token(request, claims_options=options)
        except HTTPError as error:
            raise _unreachable() from error
        except (OAuthError, JoseError, ValueError) as error:
            raise _refused() from error
        claims: Mapping[str, Any] | None = token.get("userinfo")
        if claims is None:
            raise _refused()
        return claims

    async def _load(self) -> None:
        metadata = await self._client.load_server_metadata()
        stated = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [name for name in stated if name in _PROVEN_BY]


def _refused() -> HTTPException:
    return HTTPException(401, "signing in failed: begin again at /sign-in")


def _unreachable() -> HTTPException:
    return HTTPException(503, "the provider of sign-in cannot be reached: try again", {"Retry-After": "5"})
