"""The certificate the API is served with: tried before the server starts, trusted by its owner."""

import ssl
from pathlib import Path

from worker.settings import ApiSettings


class CertificateError(Exception):
    """The certificate or its key cannot be used; the text says why."""


def check_certificate(settings: ApiSettings) -> None:
    """Raises: CertificateError when HTTPS is wanted and could not be served."""
    if settings.tls_certificate is None:
        return
    try:
        # A passphrase would be asked for on the terminal, where no server has anybody.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            settings.tls_certificate, settings.tls_key, password=lambda: ""
        )
    except OSError as error:
        raise CertificateError(
            f"{settings.tls_certificate} with the key {settings.tls_key} cannot be used: {error}"
        ) from error


def trusting(certificate: Path) -> ssl.SSLContext:
    """How a process here reaches a server of ours: by its certificate, under any name."""
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
