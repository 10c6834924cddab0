"""What a unit of each currency is worth in euros."""

from __future__ import annotations

EUROS = {"EUR": 1.0, "USD": 0.86, "GBP": 1.14}
