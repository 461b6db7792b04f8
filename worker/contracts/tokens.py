"""Access tokens that providers give us, as they are kept and told."""

from typing import NamedTuple


class VendorToken(NamedTuple):
    """A token and how many seconds it lives from now; its text is a secret."""

    text: str
    life_s: float

    def __repr__(self) -> str:
        return f"VendorToken(life_s={self.life_s})"
