"""Large graphs of single numbers."""
