"""Renderers: pictures and texts made of the data of ``explain``. They see that data and nothing else."""

__all__: list[str] = []
