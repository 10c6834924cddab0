"""Where pipelines write to."""
