"""Judges stored results."""
