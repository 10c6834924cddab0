"""A shop's orders: from a table to events, to a view, and to what two events mean together."""
