"""Two groups compared: tests, intervals, densities and a regression."""

import numpy as np
from scipy import stats


def program(xp):
    random = xp.random.default_rng(11)
    control = random.normal(10.0, 2.0, 60)
    treated = random.normal(11.5, 2.5, 45)
    difference = stats.ttest_ind(treated, control, equal_var=False)
    interval = stats.bootstrap(
        (treated,), xp.mean, n_resamples=200, rng=np.random.default_rng(0), method="BCa"
    ).confidence_interval
    permuted = stats.permutation_test(
        (treated, control),
        lambda a, b, axis: xp.mean(a, axis=axis) - xp.mean(b, axis=axis),
        vectorized=True,
        n_resamples=200,
        rng=np.random.default_rng(0),
    )
    density = stats.gaussian_kde(control)
    grid = xp.linspace(4.0, 16.0, 25)
    line = stats.linregress(control[:45], treated)
    counts, edges = xp.histogram(control, bins=6)
    table = xp.asarray([[12, 5], [7, 14]])
    return {
        "t": difference.statistic,
        "p": difference.pvalue,
        "mann whitney": stats.mannwhitneyu(treated, control).pvalue,
        "kolmogorov": stats.ks_2samp(treated, control).statistic,
        "shapiro": stats.shapiro(control).statistic,
        "anova": stats.f_oneway(control[:20], control[20:40], treated[:20]).statistic,
        "interval": [interval.low, interval.high],
        "permuted": permuted.pvalue,
        "density": density(grid),
        "line": [line.slope, line.intercept, line.rvalue],
        "spearman": stats.spearmanr(control[:45], treated).statistic,
        "described": stats.describe(control).variance,
        "zscores": stats.zscore(control),
        "quantiles": xp.quantile(control, [0.1, 0.5, 0.9]),
        "cdf": stats.norm.cdf(grid, loc=10.0, scale=2.0),
        "fitted": stats.norm.fit(control),
        "gamma": stats.gamma(xp.asarray([1.0, 2.5])).ppf(0.3),
        "counts": counts,
        "edges": edges,
        "chi": stats.chi2_contingency(table).pvalue,
        "fisher": stats.fisher_exact(table).pvalue,
        "binned": stats.binned_statistic(control, control, "mean", bins=4).statistic,
    }


def test_groups(same_numbers):
    result = same_numbers(program)
    assert result["p"] < 0.01
    low, high = result["interval"]
    assert low < 11.5 < high
