"""The parts of an AsyncRequestApi behind its socket."""
