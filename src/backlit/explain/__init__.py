"""Explaining: every number of a run can be asked where it came from.

A trace keeps what a run computed; the narrator, the paths and the steps are data made from it; renderers under
``render`` write that data and see nothing else. Nothing below this floor knows of it.
"""

from backlit.explain.answering import Trace
from backlit.explain.comparison import DerivativeComparison, DerivativeRow, StepErrors
from backlit.explain.derivatives import compare_derivatives
from backlit.explain.editing import edited
from backlit.explain.narration.explanation import (
    ChainLink,
    Contribution,
    Explanation,
    Origin,
    Summary,
    Term,
    UpdateLine,
)
from backlit.explain.nudging import Nudge
from backlit.explain.paths import InfluencePath, Paths
from backlit.explain.pictures import Picture, draw, notebook_page, trace_page
from backlit.explain.record import EdgeRecord, KinkRecord, NodeRecord
from backlit.explain.render.comparison import comparison_svg, comparison_text
from backlit.explain.render.influence import paths_svg
from backlit.explain.render.latex import comparison_latex, explanation_latex
from backlit.explain.render.text import explanation_text, nudge_text, paths_text, step_text
from backlit.explain.showing import Pictured
from backlit.explain.stepping import BackwardFlow, Step, Steps
from backlit.explain.tracer import Tracer, trace, trace_graph
from backlit.explain.walking import Walkthrough

__all__ = [
    "BackwardFlow",
    "ChainLink",
    "Contribution",
    "DerivativeComparison",
    "DerivativeRow",
    "EdgeRecord",
    "Explanation",
    "InfluencePath",
    "KinkRecord",
    "NodeRecord",
    "Nudge",
    "Origin",
    "Paths",
    "Picture",
    "Pictured",
    "Step",
    "StepErrors",
    "Steps",
    "Summary",
    "Term",
    "Trace",
    "Tracer",
    "UpdateLine",
    "Walkthrough",
    "compare_derivatives",
    "comparison_latex",
    "comparison_svg",
    "comparison_text",
    "draw",
    "edited",
    "explanation_latex",
    "explanation_text",
    "notebook_page",
    "nudge_text",
    "paths_svg",
    "paths_text",
    "step_text",
    "trace",
    "trace_graph",
    "trace_page",
]
