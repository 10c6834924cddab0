"""Who reads the same records: the peer, a plain loop, Powertools and ours."""
