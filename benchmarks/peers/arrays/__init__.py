"""Computations on large arrays."""
