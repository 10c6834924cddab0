"""Seeds that found the mutants, so that a test need not look for them; any other will do too."""

KNOWN = {
    "no sweeper": 0,
}
