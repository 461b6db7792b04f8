"""A certificate that signs itself, made by openssl."""

import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from tests.missing import missing

_COMMAND: Final = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"


class Pem(NamedTuple):
    certificate: Path
    key: Path


def self_signed(folder: Path, *names: str) -> Pem:
    """A certificate for `names`, as subjectAltName has them: `DNS:localhost`, `IP:127.0.0.1`."""
    pem = Pem(folder / "cert.pem", folder / "key.pem")
    subject = ["-subj", "/CN=test", "-addext", f"subjectAltName={','.join(names)}"]
    try:
        subprocess.run(
            [*_COMMAND.split(), *subject, "-keyout", pem.key, "-out", pem.certificate],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        missing("openssl", "apt-get install -y openssl")
    return pem
