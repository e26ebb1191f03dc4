"""The ratios of all cases as a picture."""

from statistics import median

from comparison.group import BEST

WIDTH, ROW = 9, 0.22  # inches


def draw(results, path):
    """A bar for each case, tensorlib's time over the best other's, a panel for each group."""
    from matplotlib.figure import Figure

    panels = {name: result.ratios(BEST) for name, result in results.items()}
    panels = {name: ratios for name, ratios in panels.items() if ratios}
    if not panels:
        print(f"{path} is not drawn: there are no ratios")
        return
    heights = [len(ratios) + 4 for ratios in panels.values()]
    figure = Figure((WIDTH, ROW * sum(heights)), layout="constrained")
    axes = figure.subplots(len(panels), squeeze=False, height_ratios=heights)[:, 0]
    for (name, ratios), axis in zip(panels.items(), axes, strict=True):
        middles = [median(values) for values in ratios.values()]
        colors = ["tab:blue" if middle <= 1 else "tab:orange" for middle in middles]
        axis.barh(list(ratios), middles, color=colors)
        axis.axvline(1, color="black", linewidth=0.8)
        axis.set_xscale("log")
        axis.invert_yaxis()
        axis.margins(y=0.01)
        axis.tick_params(axis="y", labelsize=7)
        axis.set_title(f"{name}: {results[name].group.title}; time over the best other's")
    figure.savefig(path, dpi=100)
