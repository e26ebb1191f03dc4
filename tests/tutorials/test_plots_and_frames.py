"""Tensors in figures and in tables."""

import io

import numpy as np
import pytest


def figure(xp):
    matplotlib = pytest.importorskip(
        "matplotlib", reason="pip install matplotlib (part of the extra 'test')"
    )
    matplotlib.use("Agg")
    from matplotlib import pyplot

    x = xp.linspace(0.0, 6.0, 50)
    y = xp.sin(x)
    samples = xp.random.default_rng(9).standard_normal(300)
    drawn, axes = pyplot.subplots(3, 3)
    (line,) = axes[0, 0].plot(x, y, label="sine")
    axes[0, 0].fill_between(x, y - 0.1, y + 0.1, where=y > 0)
    axes[0, 0].legend()
    image = axes[0, 1].imshow(y[:, None] * x, origin="lower", aspect="auto")
    drawn.colorbar(image)
    counts, edges, _ = axes[0, 2].hist(samples, bins=12)
    points = axes[1, 0].scatter(x, y, c=x, s=5 * x)
    axes[1, 1].errorbar(x, y, yerr=0.1 * xp.ones_like(x))
    axes[1, 2].contourf(x, x, y[:, None] * y)
    axes[2, 0].bar(xp.arange(3), xp.asarray([1.0, 3.0, 2.0]))
    axes[2, 1].pcolormesh(x, x, y[:, None] + y)
    axes[2, 2].boxplot(samples)
    axes[2, 2].axhline(samples.mean())
    file = io.BytesIO()
    drawn.savefig(file, format="raw", dpi=40)
    pyplot.close(drawn)
    return {
        "line": line.get_xydata(),
        "image": image.get_array().filled(),
        "counts": counts,
        "edges": edges,
        "offsets": points.get_offsets().filled(),
        "pixels": np.frombuffer(file.getvalue(), np.uint8),
    }


def test_figure(same_numbers):
    same_numbers(figure)


def frame(xp):
    pandas = pytest.importorskip("pandas", reason="pip install pandas (part of the extra 'test')")
    random = xp.random.default_rng(2)
    table = pandas.DataFrame(
        {
            "group": xp.arange(12) % 3,
            "weight": random.normal(60.0, 9.0, 12),
            "alive": random.random(12) > 0.3,
        },
        index=xp.arange(100, 112),
    )
    alive = np.asarray(table["alive"])  # pandas knows masks by their type
    table["heavy"] = xp.asarray(table["weight"].to_numpy()) > 60.0
    table["double"] = xp.asarray(table["weight"].to_numpy()) * 2.0
    table.loc[xp.asarray([100, 105]), "weight"] = xp.asarray([50.0, 51.0])
    square = pandas.DataFrame(xp.arange(6.0).reshape(2, 3), columns=list("abc"))
    series = pandas.Series(random.random(12))
    return {
        "means": table.groupby("group")["weight"].mean().to_numpy(),
        "heavy": table[alive]["heavy"].to_numpy(),
        "index": table.index.to_numpy(),
        "double": table["double"].to_numpy(),
        "square": square.to_numpy(),
        "rolling": series.rolling(3).mean().to_numpy(),
        "cut": pandas.cut(random.random(9), xp.linspace(0.0, 1.0, 4), labels=False),
        "sum": (series + random.random(12)).to_numpy(),
        "members": series.index.isin(xp.asarray([1, 5])),
    }


def test_frame(same_numbers):
    same_numbers(frame)
