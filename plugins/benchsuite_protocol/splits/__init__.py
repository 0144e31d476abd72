"""Splits, one a file."""
