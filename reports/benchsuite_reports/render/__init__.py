"""The reports themselves: one module for each form, and what only that form needs."""
