"""From a request to a finished clip, as a stream of events."""
