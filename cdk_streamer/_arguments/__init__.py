"""What users give to constructs, checked."""
