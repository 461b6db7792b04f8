"""Tiny media, decoded once by the decode child before it serves: what loads late is loaded."""

import zlib
from base64 import b85decode
from collections.abc import Sequence

from worker.geometry.shapes import Box
from worker.ports import Decoder

# Made with PyAV and Pillow: one grey frame of 16 by 16 as MPEG-4, and 2 by 2 pixels each, the
# JPEG with EXIF, whose reader Pillow imports late.
_SAMPLES: tuple[tuple[str, str], ...] = (
    (
        "video",
        "c-nnay-or_5S|553r#Q*L*kiWf}NmTjIlD<QJ7e1p%xzOUbt|}k=x}GEzA`bTKFJ#Mx#$aWozdX_zo60yT`$"
        "S!enP>cIR)unL7Y5Y<b;rgvS9=pd_-"
        "%J9`xXShRh{Q06(cBmjAZ>;j7SwahyI0Z3Q4=LKkYdC;UVM(J<O1k@T48TXnzS79cla9v2>YN389Te@cYZ#G"
        "qXcAbCgW(N#VWK;^226KfRMGW%lSn|oKW1&*ubP{`2^Jz~XN=@qeu_bUQOM0H+*{fM?>N4d+Zn@L8QON~dCr"
        "v)HNF$p;eP$<MEOmXi5b5Ml$hwRAmym)cd_HiX!IV}g&{?RVtWEWpq<p`R`xO&Z=!S=3c!FVbD31y&kx!_$4"
        "BqTu#%J}qw};gzIVnKz@gA1pE|qKG@#WYG8vAD1JSbOo&3TL=Db<C#^yBu2ab+R(XySL0!SD=3+!((fat>`b"
        "L#)HQhL`Z)My_|MR3km-OiM+Z$?@UHeXG-PldUK@(KoX7Bt4aI1Ai4OZX)8c5m&`jxPAd=Q*LP",
    ),
    (
        "still",
        "c-"
        "s4a<NpH&0WUXCHwH#V1_nkTWcdG(LCLiuGmU}4*Ox(yfq{VoC?~|g%m9*SV*rEyw;7xn1h{$lc(?@kc=?0`1"
        "%xFuq$I?|Bn*{RWi_mfZEY-"
        "#EzBJ}V*DIj!d=ZR0&)Yx<CD@e((QZ;D+^L8Vp7wSL54623JFPwO6W^T=_fl`I3<$|{vTiv<X~W8U}9!eVqg"
        "+vWEN!ne}q94>>U)q3=|d-Ko?~IiDIZ_0f`D?s=dX)!^{Y@g;|ino}q!I@Bd8z(D6WZ",
    ),
    (
        "still",
        "c-"
        "rd>@N?(olHy`uVBq!ia0vp^Od!kwBL7~QRScxWJY5_^D&{2jteSD`z<~ot4uAjygTOh)962e&N}vh`Pgg&eb"
        "xsLQ00Sfz@B",
    ),
    (
        "still",
        "c-jl{baRtqU|<M$bqWXzu<#KCvh^7q7#P?C_GDe%^uMv=MLh!p0Hlcuk^",
    ),
    (
        "still",
        "c-nLKbh9u|WMW`qXk=iBs+h(A13DlAB+kIW#=ywIA|SwE4FHJP1Ud",
    ),
    (
        "still",
        "c-muNU{FXasVqn=%S>Yc0uY^>nP!-"
        "qnV9D5Xy^nKdYzkElE?r7iWw<6MNl?FL1uCZ0~+8f$SlbPvlxL`E;A=T8N_h`@fjhajKUy;fLJ3lGcOIURtm"
        "^TWrFe&%M1*i^K<gSc4cK26cqqz@63Yad>}27SzM3`wT}sk1qw1NGC=~&92^`#iYKwm(7BO;2P7n%oS##amz"
        "+}pG?|xytpO+`o>`C!^ApfvER0OeEI_7aZc1W_5Ca#71cO-"
        "zM}~=lk+9tH_SVSz|NlQae}G|vX`gA4u>t^okvG)",
    ),
    (
        "still",
        "c-"
        "r&y)MDUZU|`^4U|?inU<9(5fS3`9&BVyezzn3@fS4J`28n|(8<Y)FBM4RB1H__GagZJ{By+@}Y#tz%K{5vfI"
        "KVKfVj3I)05@<5W&",
    ),
)


class _Bytes:
    """A reader of bytes in memory."""

    label = "sample"
    fingerprint: str | None = None

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size_bytes: int | None = len(data)
        self.bytes_read = 0
        self.requests = 0

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        """They are there already."""

    def descriptor(self) -> None:
        return None

    def close(self) -> None:
        """Nothing is held."""


def warm(decoders: dict[str, Decoder]) -> None:
    """Decode every sample: open, first frame, a view of a part of it."""
    for family, text in _SAMPLES:
        medium = decoders[family].open(_Bytes(zlib.decompress(b85decode(text))), needed_px=1)
        medium.view(medium.frame("first"), Box(0, 0, 1, 1), 2, 2)
        medium.close()
