"""What runs around a callback: which firings it gets, and what becomes of them."""
