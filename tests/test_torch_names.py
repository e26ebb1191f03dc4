"""Every public name of PyTorch's for networks is there or left out on purpose, with its parameters.

Both lists of exceptions are in ``tools/torch_differences.py``, with the reasons.
"""

import sys
from pathlib import Path

import pytest

import tensorlib as tl

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed; to compare names with it: pip install torch"
)

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path.insert(0, str(TOOLS))

import torch_names  # noqa: E402
from torch_differences import LEFT, ON_OBJECTS, PARAMETERS, TORCH  # noqa: E402

sys.path.remove(str(TOOLS))

LISTED = "tools/torch_differences.py"
pytestmark = pytest.mark.skipif(
    not torch.__version__.startswith(TORCH + "."),
    reason=f"the lists of {LISTED} are for PyTorch {TORCH}: pip install 'torch=={TORCH}.*'",
)


@pytest.fixture(scope="module")
def spaces():
    return {space.name: space for space in torch_names.all_namespaces()}


@pytest.fixture(params=torch_names.MODULES)
def space(spaces, request):
    return spaces[request.param]


def test_every_name_is_there_or_left_on_purpose(space):
    assert not space.missing, f"neither in tensorlib nor in LEFT of {LISTED}"


def test_no_name_that_is_there_is_listed_as_absent(space):
    assert not space.needless, f"take them out of LEFT of {LISTED}"


def test_parameters_are_those_of_torch(space):
    assert not torch_names.unlisted(space), f"differ from PyTorch's, not in PARAMETERS of {LISTED}"


def test_every_listed_name_is_a_name_of_torch(spaces):
    left = {space.full(name) for space in spaces.values() for name in space.left + space.needless}
    for _, names in LEFT:
        for name in names.split():
            assert any(f"{found}.".startswith(f"{name}.") for found in left), name


def test_every_listed_parameter_differs(spaces):
    found = {
        space.full(name): parameters
        for space in spaces.values()
        for name, parameters in space.differing.items()
    }
    for parameters, _, names in PARAMETERS:
        for name in names.split():
            assert found.get(name, set()) & set(parameters.split()), name


def test_each_name_is_listed_once_and_with_a_reason():
    names = [name for _, names in LEFT for name in names.split()]
    assert len(names) == len(set(names))
    for reason in (entry[-2] for entry in (*LEFT, *PARAMETERS)):
        assert reason.endswith("."), reason


def test_attributes_that_constructors_set():
    import tensorlib.distributions as d

    mixture = d.MixtureSameFamily(d.Categorical(tl.ones(2)), d.Normal(tl.zeros(2), 1.0))
    objects = [d.Beta(1.0, 2.0), d.Chi2(1.0), d.HalfCauchy(1.0), d.HalfNormal(1.0), mixture]
    objects += [d.constraints.Constraint("any", bool), d.AffineTransform(0.0, 1.0)]
    made = {type(x).__name__: x for x in objects}
    for name in ON_OBJECTS.split():
        *_, kind, attribute = name.split(".")
        assert hasattr(made[kind], attribute), name


def _torch(a, b=1, *, device=None, c=True, _d=0):
    """PyTorch's, in `test_what_counts_as_a_difference`."""


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        (lambda a, b=1, *, c=True: 0, set()),
        (lambda a, b=1.0, c=True, d=2: 0, set()),
        (lambda a, b=1, dtype="float32", *, c=True: 0, set()),
        (lambda a, b=2, *, c=True: 0, {"b"}),
        (lambda a, b=True, *, c=True: 0, {"b"}),
        (lambda a, *, b=1, c=True: 0, {"b"}),
        (lambda b=1, a=0, *, c=True: 0, {"a", "b"}),
        (lambda a, b=1: 0, {"c"}),
        (lambda x, b=1, *, c=True: 0, {"a", "x"}),
        (lambda a, b=1, *, c=True, d: 0, {"d"}),
    ],
)
def test_what_counts_as_a_difference(ours, expected):
    assert torch_names.differing_parameters(_torch, ours) == expected


def test_parameters_of_compiled_functions_are_read_from_their_documentation():
    found = torch_names.parameters(torch.nn.functional.linear, method=False)
    assert [(p.name, p.default is p.empty) for p in found] == [
        ("input", True),
        ("weight", True),
        ("bias", False),
    ]


def test_the_page_counts_every_name(spaces):
    page = torch_names.page()
    counts = page.partition("- all\n")[2].splitlines()[:3]
    total = sum(len(s.present) + len(s.left) + len(s.missing) for s in spaces.values())
    assert sum(int(line.split("-")[1]) for line in counts) == total
    assert "``torch.optim.lr_scheduler``" in page
