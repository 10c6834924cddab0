"""The controller of a sink: it pauses the queue, tries the downstream, and answers operators."""
