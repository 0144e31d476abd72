"""Data sources: readers, downloads with checksums, preparation with counts, and cards."""
