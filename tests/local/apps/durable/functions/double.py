"""An ordinary function that durable ones ask."""


def handler(event: dict, _context: object) -> int:
    """Double a number."""
    return event["number"] * 2
