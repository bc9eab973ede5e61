"""The reference engine: NumPy, one rule an op. The referee of all others."""

from backlit.engines.reference.program import ReferenceEngine, ReferenceProgram, interpret
from backlit.engines.reference.rules import NUMPY_RULES

__all__ = ["NUMPY_RULES", "ReferenceEngine", "ReferenceProgram", "interpret"]
