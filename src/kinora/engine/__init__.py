"""From a request to a finished clip, as a stream of events.

`engine.events` (what is told) and `engine.fake` (colour bars) need no torch; `engine.engine` does the work.
"""
