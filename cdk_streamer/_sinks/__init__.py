"""The parts of a ThrottledSink."""
