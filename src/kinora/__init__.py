"""Kinora: text becomes video, offline, on weights that ship with the package."""

__version__ = "0.1.0"
