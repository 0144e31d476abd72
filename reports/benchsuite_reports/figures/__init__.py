"""Figures drawn with matplotlib, from the same series of numbers as the tables."""
