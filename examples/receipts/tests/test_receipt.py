"""What is read from images: each is drawn, and read back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from handlers.receipt import Receipt, Unreadable  # pyright: ignore[reportMissingImports] - of this example

from examples.receipts.drawing import draw, draw_note
from examples.receipts.sample import receipts

DRAWN = list(receipts(12))


@pytest.mark.parametrize("drawn", DRAWN, ids=lambda drawn: drawn.name)
def test_what_is_drawn_is_read(drawn):
    read = Receipt.from_image(draw(drawn))

    assert (read.shop, read.number) == (drawn.shop.tax_number, drawn.number)
    assert (read.issued_on, read.total) == (drawn.day, drawn.total)


def test_no_two_receipts_are_the_same():
    many = list(receipts(300))

    assert len({(one.shop.tax_number, one.number) for one in many}) == 300
    assert len({one.name for one in many}) == 300
    assert list(receipts(300)) == many


def test_a_receipt_survives_its_message():
    receipt = Receipt.from_code(DRAWN[0].code)

    assert Receipt.from_document(receipt.to_document()) == receipt


def test_a_note_without_a_code_is_unreadable():
    with pytest.raises(Unreadable, match="there is no fiscal code on it"):
        Receipt.from_image(draw_note("Taxi", Decimal("23.50")))


def test_half_a_file_is_unreadable():
    with pytest.raises(Unreadable, match="this is no image"):
        Receipt.from_image(draw(DRAWN[0])[:200])


def test_a_total_that_its_parts_do_not_make_is_unreadable():
    total = DRAWN[0].total
    with pytest.raises(Unreadable, match=f"its parts make {total}, and its total is 0.01"):
        Receipt.from_code(DRAWN[0].code.replace(f"*O:{total}", "*O:0.01"))


@pytest.mark.parametrize("text", ["", "https://example.com/", "A:1*G:2*F:2026*O:1*N:0"])
def test_another_code_is_unreadable(text):
    with pytest.raises(Unreadable, match="the code on it is not a receipt's"):
        Receipt.from_code(text)
