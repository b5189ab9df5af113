"""Weights on disk: the catalogue, the store and foreign layouts."""
