"""Schedulers: they change the learning rate of an optimizer from epoch to epoch."""

from tensorlib.optim.lr_scheduler._base import LRScheduler
from tensorlib.optim.lr_scheduler._composite import ChainedScheduler, SequentialLR
from tensorlib.optim.lr_scheduler._cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from tensorlib.optim.lr_scheduler._cycles import CyclicLR, OneCycleLR
from tensorlib.optim.lr_scheduler._factors import (
    ConstantLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from tensorlib.optim.lr_scheduler._plateau import ReduceLROnPlateau
from tensorlib.optim.lr_scheduler._swa import SWALR

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
