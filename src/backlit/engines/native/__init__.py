"""The native engine."""

from backlit.engines.native.program import NativeEngine

__all__ = ["NativeEngine"]
