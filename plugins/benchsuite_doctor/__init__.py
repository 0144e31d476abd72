"""A check-up of this machine and of everything that is installed: ``benchsuite doctor``."""
