"""What executes graphs: the seam, and the engines that come with backlit."""

import importlib.util

from backlit.engines.engine import Engine, Program, compile, engine_names, evaluate, register_engine
from backlit.engines.native import NativeEngine
from backlit.engines.reference import ReferenceEngine, interpret
from backlit.graph.node import OPERATORS

__all__ = ["Engine", "Program", "compile", "engine_names", "evaluate", "register_engine"]

register_engine(ReferenceEngine())
if importlib.util.find_spec("llvmlite"):
    register_engine(NativeEngine())
OPERATORS["interpret"] = interpret
