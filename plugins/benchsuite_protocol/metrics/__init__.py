"""Metrics, one task a file."""
