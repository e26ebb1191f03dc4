"""Optimizers: they change parameters in place, by their gradients."""

from tensorlib.optim import lr_scheduler, swa_utils
from tensorlib.optim.adadelta import Adadelta
from tensorlib.optim.adafactor import Adafactor
from tensorlib.optim.adagrad import Adagrad
from tensorlib.optim.adam import Adam, AdamW
from tensorlib.optim.adamax import Adamax
from tensorlib.optim.asgd import ASGD
from tensorlib.optim.lbfgs import LBFGS
from tensorlib.optim.muon import Muon
from tensorlib.optim.nadam import NAdam
from tensorlib.optim.optimizer import Optimizer
from tensorlib.optim.radam import RAdam
from tensorlib.optim.rmsprop import RMSprop
from tensorlib.optim.rprop import Rprop
from tensorlib.optim.sgd import SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
    "swa_utils",
]
