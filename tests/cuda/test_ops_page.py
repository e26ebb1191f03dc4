"""The table of the documentation that tells what runs on GPUs."""

import sys
from pathlib import Path

import pytest

import tensorlib as tl
from tensorlib._core import ops as table

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def cuda_ops(monkeypatch):
    monkeypatch.syspath_prepend(TOOLS)
    import cuda_ops

    yield cuda_ops
    sys.modules.pop("cuda_ops")


def test_each_op_is_in_one_list(cuda_ops):
    lists = [cuda_ops.elementwise(), cuda_ops.views_and_copies(), cuda_ops.kernels()]
    lists.append(cuda_ops.missing())
    kinds = (table.ELEMENTWISE, table.PRODUCTS, table.REDUCTIONS, table.ACCUMULATIONS)
    expected = {row[0] for kind in (*kinds, table.VIEWS, table.STRUCTURED) for row in kind}
    assert sorted(name for names in lists for name in names) == sorted(expected)
    assert {"add", "where"} <= set(lists[0]) and {"reshape", "astype"} <= set(lists[1])


def test_what_numpy_computes_is_found(cuda_ops):
    composed, others = cuda_ops.by_numpy(elsewhere=True), cuda_ops.by_numpy(elsewhere=False)
    assert all(callable(getattr(tl, name)) for name in composed + others)
    assert {"histogram", "union1d", "unravel_index"} <= set(composed)
    assert "tril_indices" in others
    assert not {"add", "sum", "linalg.inv"} & set(composed + others)


def test_the_page_names_them_all(cuda_ops):
    page = cuda_ops.page()
    for name in cuda_ops.missing() + cuda_ops.kernels():
        assert f"``{name}``" in page
