"""What a computation means: nodes, ops, graphs, scopes; nothing that runs."""

from backlit.graph.box import Box, extract, find_box
from backlit.graph.formula import Formula, parse_formula
from backlit.graph.graph import Graph, topological_order
from backlit.graph.leaves import Constant, Input, Parameter, constant, input, parameter
from backlit.graph.node import Application, Node
from backlit.graph.op import OPS, Interval, Op, Refusal, Sample, find_op
from backlit.graph.parser import parse_graph
from backlit.graph.rewrite import RULES, Rule, rewrite, share, simplify, substitute
from backlit.graph.scope import Scope, scope
from backlit.graph.spec import Spec, precision
from backlit.graph.subgradients import PRESETS, Subgradients, subgradients
from backlit.graph.training import TrainingMode, training

__all__ = [
    "OPS",
    "PRESETS",
    "RULES",
    "Application",
    "Box",
    "Constant",
    "Formula",
    "Graph",
    "Input",
    "Interval",
    "Node",
    "Op",
    "Parameter",
    "Refusal",
    "Rule",
    "Sample",
    "Scope",
    "Spec",
    "Subgradients",
    "TrainingMode",
    "constant",
    "extract",
    "find_box",
    "find_op",
    "input",
    "parameter",
    "parse_formula",
    "parse_graph",
    "precision",
    "rewrite",
    "scope",
    "share",
    "simplify",
    "subgradients",
    "substitute",
    "topological_order",
    "training",
]
