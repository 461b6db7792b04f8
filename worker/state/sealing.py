"""Secrets that must be read again, such as those that verify signatures, encrypted at rest."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from Crypto.Cipher import AES

from worker.errors import RequestError

_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_SALT: Final = b"firstframe.accounts.v1"


class Seal:
    """AES-256-GCM under `key`; what was sealed under one of `old_keys` opens still.

    A key is any text: scrypt (N 16384, r 8, p 1) makes 256 bits of it, once a process. The
    initialisation vector is random, 12 bytes before the ciphertext; the tag is after it.
    """

    def __init__(self, key: str | None, old_keys: Sequence[str] = ()) -> None:
        self._texts = (*([key] if key else []), *old_keys)
        self._can_seal = key is not None

    def seal(self, secret: str, *, bound_to: str) -> str:
        """The secret as text that opens with the same `bound_to` only.

        Raises: RequestError `account.key` where there is no key.
        """
        if not self._can_seal:
            raise RequestError("account.key", "accounts.key is not set.")
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = AES.new(self._keys[0], AES.MODE_GCM, nonce=nonce, mac_len=_TAG_BYTES)
        cipher.update(bound_to.encode())
        sealed, tag = cipher.encrypt_and_digest(secret.encode())
        return base64.b64encode(nonce + sealed + tag).decode()

    def open(self, sealed: str, *, bound_to: str) -> str:
        """The secret again. Raises: RequestError `account.key` where no key opens it."""
        data = base64.b64decode(sealed)
        nonce, text, tag = data[:_NONCE_BYTES], data[_NONCE_BYTES:-_TAG_BYTES], data[-_TAG_BYTES:]
        for key in self._keys:
            try:
                cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=_TAG_BYTES)
                cipher.update(bound_to.encode())
                return cipher.decrypt_and_verify(text, tag).decode()
            except ValueError:
                continue
        raise RequestError("account.key")

    @cached_property
    def _keys(self) -> list[bytes]:
        return [
            hashlib.scrypt(text.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=32)
            for text in self._texts
        ]
