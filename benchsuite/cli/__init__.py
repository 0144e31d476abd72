"""The command line: verbs made from the functions of ``import benchsuite``."""
