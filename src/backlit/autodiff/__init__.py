"""How graphs are differentiated: graph in, graph out."""

from backlit.autodiff.checking import Disagreement, GradientCheck, Kink, check_gradients
from backlit.autodiff.forward import push_forward, push_through
from backlit.autodiff.numerical import best_step, numerical_gradient
from backlit.autodiff.reverse import Backpropagation, Edge, backpropagate
from backlit.autodiff.storage import StoredValue, stored_values
from backlit.autodiff.symbolic import SymbolicDerivative, symbolic_derivative
from backlit.autodiff.symbolic_forms import closed_form
from backlit.autodiff.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__all__ = [
    "Backpropagation",
    "Disagreement",
    "Edge",
    "GradientCheck",
    "Kink",
    "StoredValue",
    "SymbolicDerivative",
    "backpropagate",
    "best_step",
    "check_gradients",
    "closed_form",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "numerical_gradient",
    "push_forward",
    "push_through",
    "stored_values",
    "symbolic_derivative",
    "value_and_grad",
    "vjp",
]
