"""How amounts and months read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

_MILLION = 1_000_000
_TEN_THOUSAND = 10_000


def money(amount: Decimal) -> str:
    """Write an amount short enough for an axis: $950, $12k, $4.56M."""
    if abs(amount) >= _MILLION:
        return f"${amount / _MILLION:,.2f}M"
    if abs(amount) >= _TEN_THOUSAND:
        return f"${amount / 1_000:,.0f}k"
    return f"${amount:,.0f}"


def month_name(month: str) -> str:
    """Write `2025-01` as `Jan 2025`."""
    return date.fromisoformat(f"{month}-01").strftime("%b %Y")
