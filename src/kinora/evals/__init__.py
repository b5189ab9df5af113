"""Metrics, suites and reports against ground truth."""
