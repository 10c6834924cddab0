"""Draws receipts as a phone would see them: on gray, a little askew, with their fiscal code."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from examples.receipts.sample import Receipt

WIDTH = 384  # dots of the printers that most tills have
MARGIN = 24
PAPER, INK, TABLE = 246, 24, 150  # of 255
ASKEW = 4  # degrees
SHADE = 16  # few of them make small files
MODULE = 4  # dots of a square of the code

Line = tuple[str, str, int]
"""What stands on the left and on the right, and how large."""


def draw(receipt: Receipt) -> bytes:
    """Give the image of a receipt, a PNG; the same one each time."""
    lines = list(_lines(receipt))
    code = _code(receipt.code)
    height = MARGIN + sum(size + 8 for _, _, size in lines) + code.height + 2 * MARGIN
    paper = Image.new("L", (WIDTH, height), PAPER)
    pen = ImageDraw.Draw(paper)
    y = MARGIN
    for left, right, size in lines:
        font = _font(size)
        pen.text((MARGIN, y), left, fill=INK, font=font)
        pen.text((WIDTH - MARGIN, y), right, fill=INK, font=font, anchor="ra")
        y += size + 8
    paper.paste(code, ((WIDTH - code.width) // 2, y + MARGIN // 2))
    chance = random.Random(receipt.code)  # noqa: S311 - the same receipt gives the same image
    return _photograph(paper, chance.uniform(-ASKEW, ASKEW))


def _lines(receipt: Receipt) -> Iterator[Line]:
    yield receipt.shop.name, "", 28
    yield receipt.shop.street, "", 17
    yield f"NIF {receipt.shop.tax_number}", f"{receipt.day:%d-%m-%Y}", 17
    yield receipt.number, "", 17
    yield "", "", 4
    for position in receipt.positions:
        times = f"{position.quantity} x " if position.quantity > 1 else ""
        yield f"{times}{position.name}", f"{position.amount}", 20
    yield "", "", 4
    yield "TOTAL EUR", f"{receipt.total}", 30
    for rate, (base, tax) in receipt.taxes.items():
        yield f"VAT {rate.percent} % of {base}", f"{tax}", 15
    yield "", "", 2


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _code(text: str) -> Image.Image:
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    return Image.fromarray(code.to_image(scale=MODULE, add_quiet_zones=False))


def _photograph(paper: Image.Image, degrees: float) -> bytes:
    seen = Image.new("L", (paper.width + 2 * MARGIN, paper.height + 2 * MARGIN), TABLE)
    seen.paste(paper, (MARGIN, MARGIN))
    turned = seen.rotate(degrees, Image.Resampling.BILINEAR, expand=True, fillcolor=TABLE)
    image = io.BytesIO()
    turned.point([shade // SHADE * SHADE for shade in range(256)]).save(image, "PNG")
    return image.getvalue()


def draw_note(text: str, total: Decimal) -> bytes:
    """Give the image of what somebody wrote by hand: it has a total and no code."""
    paper = Image.new("L", (WIDTH, WIDTH), PAPER)
    pen = ImageDraw.Draw(paper)
    pen.text((MARGIN, MARGIN), text, fill=INK, font=_font(24))
    pen.text((MARGIN, WIDTH - 3 * MARGIN), f"{total} EUR", fill=INK, font=_font(30))
    return _photograph(paper, ASKEW)
