"""What a receipt says, read from the fiscal code on its image."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, DecimalException
from typing import Any

import zxingcpp
from PIL import Image, UnidentifiedImageError

# Which members of the code are amounts that make up the total, bases and taxes of each rate:
# https://info.portaldasfinancas.gov.pt/pt/apoio_contribuinte/Novas_regras_faturacao/
PARTS = ("I2", "I3", "I4", "I5", "I6", "I7", "I8")
MOST_PIXELS = 50_000_000
QR_CODES = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])


class Unreadable(ValueError):
    """The image does not say what a receipt must say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Who sold, under which number of theirs, when, and for how much."""

    shop: str
    number: str
    issued_on: date
    total: Decimal
    tax: Decimal

    @classmethod
    def from_image(cls, image: bytes) -> Receipt:
        """Read the code on an image; raises Unreadable."""
        try:
            with Image.open(io.BytesIO(image)) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise Unreadable(f"the image is {picture.width} x {picture.height} pixels")
                code = zxingcpp.read_barcode(picture.convert("L"), formats=QR_CODES)
        except (UnidentifiedImageError, OSError) as error:
            raise Unreadable("this is no image") from error
        if code is None:
            raise Unreadable("there is no fiscal code on it")
        return cls.from_code(code.text)

    @classmethod
    def from_code(cls, text: str) -> Receipt:
        """Read a fiscal code, and check that its parts make its total; raises Unreadable."""
        members = dict(part.split(":", 1) for part in text.split("*") if ":" in part)
        try:
            receipt = cls(
                shop=members["A"],
                number=members["G"],
                issued_on=datetime.strptime(members["F"], "%Y%m%d").date(),  # noqa: DTZ007 - a day
                total=Decimal(members["O"]),
                tax=Decimal(members["N"]),
            )
            parts = sum((Decimal(members[name]) for name in PARTS if name in members), Decimal(0))
        except (KeyError, ValueError, DecimalException) as error:
            raise Unreadable("the code on it is not a receipt's") from error
        if parts != receipt.total:
            raise Unreadable(f"its parts make {parts}, and its total is {receipt.total}")
        return receipt

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Receipt:
        """Read what `to_document` wrote; raises KeyError, ValueError, DecimalException."""
        return cls(
            shop=document["shop"],
            number=document["number"],
            issued_on=date.fromisoformat(document["issued_on"]),
            total=Decimal(document["total"]),
            tax=Decimal(document["tax"]),
        )

    def to_document(self) -> dict[str, str]:
        """Write it for a message."""
        return {
            "shop": self.shop,
            "number": self.number,
            "issued_on": self.issued_on.isoformat(),
            "total": str(self.total),
            "tax": str(self.tax),
        }
