"""Fitted models as folders: written whole or not at all, opened again, and asked for recommendations."""
