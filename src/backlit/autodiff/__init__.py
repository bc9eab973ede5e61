"""How graphs are differentiated: graph in, graph out."""

from backlit.autodiff.forward import push_forward
from backlit.autodiff.reverse import Backpropagation, Edge, backpropagate
from backlit.autodiff.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__all__ = [
    "Backpropagation",
    "Edge",
    "backpropagate",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "push_forward",
    "value_and_grad",
    "vjp",
]
