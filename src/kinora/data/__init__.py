"""Stages from samples to training batches."""
