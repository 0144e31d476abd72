"""The classics: popularity, neighbours, factors, linear models."""
