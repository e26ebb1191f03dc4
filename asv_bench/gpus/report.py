"""The figures: as rows for JSON, and as a table."""

import statistics

RATES = ("GB/s", "TFLOP/s")
WIDTH = 38  # of the names


def summary(figures):
    """The median of figures, and the quartiles."""
    if len(figures) == 1:
        return dict.fromkeys(("median", "low", "high"), figures[0])
    low, middle, high = statistics.quantiles(figures, n=4, method="inclusive")
    return {"median": middle, "low": low, "high": high}


def judged(aims, values, unit, others=None):
    """What became of aims.

    Parameters
    ----------
    aims : sequence of Aim
    values : dict of str to dict
        The summaries of a case, by library.
    unit : str
    others : dict of str to dict, optional
        tensorlib's summaries of the cases before, by name.

    Returns
    -------
    list of dict
        `ratio` and `met` are None where one of the figures is missing.
    """
    found = []
    for aim in aims:
        _, of_case, name = aim.against.rpartition("case:")
        other = ((others or {}) if of_case else values).get(name)
        own = values.get("tensorlib")
        ratio = own["median"] / other["median"] if own and other and other["median"] else None
        found.append({
            "against": aim.against,
            "limit": aim.limit,
            "ratio": ratio,
            "met": None if ratio is None else
                   ratio >= aim.limit if unit in RATES else ratio <= aim.limit,
        })  # fmt: skip
    return found


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def line(row):
    """A row of the table."""
    cells = []
    for library, value in row["values"].items():
        cells.append(f"{library} {number(value['median'])} {row['unit']}".strip())
    sign = ">=" if row["unit"] in RATES else "<="
    for aim in row["aims"]:
        against = aim["against"].removeprefix("case:")
        ratio = "open" if aim["ratio"] is None else f"{aim['ratio']:.3g}"
        verdict = {True: ", met", False: ", MISSED", None: ""}[aim["met"]]
        cells.append(f"{ratio} of {against} (aim {sign} {aim['limit']:.3g}{verdict})")
    for library, text in row["errors"].items():
        cells.append(f"{library}: {text}"[:160] if library else text[:160])
    if row.get("note"):
        cells.append(row["note"])
    return f"  {row['name']:<{WIDTH}} " + "; ".join(cells)


def table(results):
    """All rows as text; `results` are rows by group."""
    lines = []
    for group, rows in results.items():
        lines.append(group)
        lines += [line(row) for row in rows]
    aims = [aim for rows in results.values() for row in rows for aim in row["aims"]]
    met = sum(aim["met"] is True for aim in aims)
    missed = sum(aim["met"] is False for aim in aims)
    lines.append(f"aims: {met} met, {missed} missed, {len(aims) - met - missed} open")
    return "\n".join(lines)


def row_of(name, unit="", values=None, errors=None, aims=(), note=""):
    return {"name": name, "unit": unit, "values": values or {}, "errors": errors or {},
            "aims": list(aims), "note": note}  # fmt: skip
