"""Training: a model, a loss and an optimiser, put to work on data.

``Trainer`` runs the loop; ``metrics`` say how good a model is; stopping rules say when it is enough; callbacks look on;
``History`` keeps what was recorded.

This package may import everything below it: modules, optimisers, data, engines and the graph. It loads rich when the
first live display is shown, and safetensors when the first checkpoint is written or read.
"""

from backlit.train import metrics
from backlit.train.callbacks import Callback, TrainingState
from backlit.train.history import History
from backlit.train.metrics import Metric, calibration_curve, confusion_matrix
from backlit.train.stopping import EarlyStopping, LossBelow, LossChangeBelow, StoppingRule, TimeLimit
from backlit.train.trainer import Trainer

__all__ = [
    "Callback",
    "EarlyStopping",
    "History",
    "LossBelow",
    "LossChangeBelow",
    "Metric",
    "StoppingRule",
    "TimeLimit",
    "Trainer",
    "TrainingState",
    "calibration_curve",
    "confusion_matrix",
    "metrics",
]
