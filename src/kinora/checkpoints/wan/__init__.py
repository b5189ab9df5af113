"""Wan 2.1 and 2.2: their configurations as data, and their published files in every layout to and from our classes."""
