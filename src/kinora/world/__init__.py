"""A procedural world with known physics, captions and truth."""
