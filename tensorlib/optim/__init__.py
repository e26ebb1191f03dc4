"""Optimizers: they change parameters in place, by their gradients."""

from tensorlib.optim import lr_scheduler
from tensorlib.optim.adadelta import Adadelta
from tensorlib.optim.adam import Adam
from tensorlib.optim.optimizer import Optimizer
from tensorlib.optim.sgd import SGD

__all__ = ["SGD", "Adadelta", "Adam", "Optimizer", "lr_scheduler"]
