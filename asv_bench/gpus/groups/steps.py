"""Whole training steps: the models of ``comparison/groups/step.py``."""

import numpy as np
from comparison.groups.step import SETUP

from gpus.case import NETWORKS, VALUE, WAITED, Aim, Case, Group


def models(lib, captured=False):
    """The names of the setup, with models and data on the GPU."""

    def array(x):
        return lib.array(x[: lib.pick(len(x), 2)])

    names = {"xp": lib.xp, "np": np, "array": array}
    exec(SETUP, names)
    for model in ("mlp", "cnn", "gpt", "lstm"):
        names[model].to(lib.device)
    if captured:
        names["trained"] = trained  # which waits for nothing
        for model in ("mlp", "cnn", "gpt", "lstm"):
            for group in names[f"{model}_optimizer"].param_groups:
                if "capturable" in group:
                    group["capturable"] = True
    return names


def trained(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def eager(model):
    return lambda lib: models(lib)[f"{model}_step"]


def captured(model):
    return lambda lib: lib.captured(models(lib, captured=True)[f"{model}_step"])


def gpt(lib):
    """A step on more data than the example has: work, not launches, takes the time."""
    names = models(lib)
    batch = lib.pick(256, 2)
    for seed, name in enumerate(("gpt_tokens", "gpt_labels")):
        names[name] = lib.integers(65, batch, 64, seed=seed)
    return names["gpt_step"]


def peak(make):
    def prepare(lib):
        step = make(lib)

        def megabytes():
            step()
            lib.wait()
            lib.reset_peak()
            step()
            lib.wait()
            return 1e-6 * lib.peak()

        return megabytes

    return prepare


def case(name, make, limit=None, measure=WAITED, unit="ms"):
    aims = () if limit is None else (Aim("torch", limit),)
    return Case(name, make, measure, unit, aims, NETWORKS, None)


GROUP = Group(
    title="training steps",
    cases=(
        case("MLP 64-128-10, batch 32", eager("mlp"), 0.8),
        case("MLP, as a graph", captured("mlp"), 1.0),
        case("digits CNN, batch 64", eager("cnn"), 0.8),
        case("digits CNN, as a graph", captured("cnn"), 1.0),
        case("GPT, batch 12", eager("gpt"), 0.8),
        case("GPT, as a graph", captured("gpt"), 1.0),
        case("GPT, batch 256", gpt),
        case("LSTM 20 steps, batch 32", eager("lstm")),
        case("memory of a GPT step, batch 12", peak(eager("gpt")), 1.0, VALUE, "MB"),
        case("memory of a GPT step, batch 256", peak(gpt), 1.0, VALUE, "MB"),
    ),
    limit=70,
)
