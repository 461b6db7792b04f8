"""Secrets that are planted, each unlike all others, and every form in which one may be found."""

import base64
import html
import json
import secrets
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import quote, quote_plus

# A part of a secret that stands alone, as where a text was cut, is a find too.
_PART_CHARACTERS: Final = 12
_WEBHOOK_BYTES: Final = 24


class Canary(NamedTuple):
    """A secret by its name; findings tell the name only."""

    name: str
    secret: str

    def __repr__(self) -> str:
        return f"Canary({self.name!r})"


class Planted:
    """All canaries of a run, by their names."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._secrets)

    def __iter__(self) -> Iterator[Canary]:
        return (Canary(name, secret) for name, secret in self._secrets.items())

    def draw(self, name: str, *, plain: bool = False) -> str:
        """A new secret; unless `plain`, with letters that every encoding writes its own way."""
        middle = "" if plain else "+/=&é" if name.startswith("password") else "+/="
        return self.know(name, f"{_text()}{middle}{_text()}")

    def draw_webhook(self, name: str) -> str:
        """A new secret as Standard Webhooks has them."""
        text = base64.b64encode(secrets.token_bytes(_WEBHOOK_BYTES)).decode()
        return f"whsec_{self.know(name, text)}"

    def know(self, name: str, secret: str) -> str:
        """Look for a secret that somebody else has drawn."""
        assert len(secret) >= _PART_CHARACTERS, name
        self._secrets[name] = secret
        return secret

    def among(self, prefix: str) -> list[str]:
        """The secrets whose names begin so."""
        return [secret for name, secret in self._secrets.items() if name.startswith(prefix)]


def _text() -> str:
    return secrets.token_hex(_PART_CHARACTERS)


def forms_of(secret: str) -> dict[bytes, str]:
    """What to look for, with the name of each encoding; parts stand for the whole in plain text."""
    whole = secret.encode()
    found = {
        whole[:_PART_CHARACTERS]: "its beginning",
        whole[-_PART_CHARACTERS:]: "its end",
        whole.hex().encode(): "hex",
        whole.hex().upper().encode(): "hex",
        quote(secret, safe="").encode(): "URL",
        quote_plus(secret).encode(): "form",
        json.dumps(secret)[1:-1].encode(): "JSON",
        html.escape(secret).encode(): "HTML",
        repr(secret)[1:-1].encode(): "repr",
    }
    for offset, name in enumerate(("base64", "base64 after a byte", "base64 after two")):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found[_inside(encode(bytes(offset) + whole), offset)] = name
    found[whole] = "plain"
    return found


def _inside(encoded: bytes, offset: int) -> bytes:
    """Base64 without the letters that depend on what is before the secret, and after it."""
    begin = -(-offset * 4 // 3) if offset else 0
    return encoded.rstrip(b"=")[begin:-1]
