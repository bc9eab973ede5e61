"""What a computation means: nodes, ops, graphs, scopes; nothing that runs."""

from backlit.graph.graph import Graph, topological_order
from backlit.graph.leaves import Constant, Input, Parameter, constant, input, parameter
from backlit.graph.node import Application, Node
from backlit.graph.op import OPS, Interval, Op, Refusal, Sample, find_op
from backlit.graph.parser import parse_graph
from backlit.graph.scope import Scope, scope
from backlit.graph.spec import Spec, precision
from backlit.graph.subgradients import PRESETS, Subgradients, subgradients
from backlit.graph.training import TrainingMode, training

__all__ = [
    "OPS",
    "PRESETS",
    "Application",
    "Constant",
    "Graph",
    "Input",
    "Interval",
    "Node",
    "Op",
    "Parameter",
    "Refusal",
    "Sample",
    "Scope",
    "Spec",
    "Subgradients",
    "TrainingMode",
    "constant",
    "find_op",
    "input",
    "parameter",
    "parse_graph",
    "precision",
    "scope",
    "subgradients",
    "topological_order",
    "training",
]
