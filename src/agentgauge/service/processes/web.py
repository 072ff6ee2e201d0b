"""How requests reach the server, beside its address."""

from __future__ import annotations

from pathlib import Path

import msgspec

from agentgauge.errors import SettingsError


class Web(msgspec.Struct, frozen=True):
    certificate: Path | None = None
    """PEM, with the chain; requests come over TLS then."""
    key: Path | None = None
    """None: it is in the certificate's file."""
    root_path: str = ""
    """Where a proxy shows the server, such as /agentgauge."""

    def check(self) -> None:
        """Raises `SettingsError` where the certificate cannot be used, or the path is none."""
        if self.root_path and not self.root_path.startswith("/"):
            raise SettingsError(f"{self.root_path!r} is no path: --root-path begins with /")
        if self.certificate is None:
            if self.key is not None:
                raise SettingsError("--tls-key needs --tls-cert, the certificate that the key is of")
            return
        import ssl

        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self.certificate, self.key)
        except OSError as error:  # ssl.SSLError is one
            reason = getattr(error, "reason", None) or error.strerror or error
            raise SettingsError(
                f"{self.certificate} cannot be used with {self.key or 'the key in it'}: {reason}; name PEM files with "
                "--tls-cert and --tls-key"
            ) from error
