"""Every module beside PyTorch's of the same name: signature, state, attributes, repr, values."""

import inspect
import re

import numpy as np
import pytest
from parity import array_of, torch
from scipy import stats

import tensorlib as tl
from tensorlib import nn

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # of options without effect

# Arguments to make a module with; the other classes are made without any.
ARGUMENTS = """
AdaptiveAvgPool1d(3)
AdaptiveAvgPool2d((3, None))
AdaptiveAvgPool3d(3)
AdaptiveLogSoftmaxWithLoss(8, 12, [3, 6])
AdaptiveLogSoftmaxWithLoss(8, 12, [3, 6], head_bias=True)
AdaptiveMaxPool1d(3, return_indices=True)
AdaptiveMaxPool2d((3, 2))
AdaptiveMaxPool3d(3)
AvgPool1d(2)
AvgPool2d((2, 3), ceil_mode=True)
AvgPool3d(2, stride=1)
BatchNorm1d(3)
BatchNorm1d(3, affine=False)
BatchNorm2d(3, track_running_stats=False)
BatchNorm2d(3, bias=False)
BatchNorm3d(3, momentum=None)
BCELoss(reduction="sum")
Bilinear(2, 3, 4)
Bilinear(2, 3, 4, bias=False)
CELU(0.5, inplace=True)
ChannelShuffle(2)
CircularPad1d(1)
CircularPad2d((1, 2, 0, 1))
CircularPad3d(1)
ConstantPad1d(1, 0.5)
ConstantPad2d((1, 2, 0, 1), 2.0)
ConstantPad3d(1, 0.5)
Conv1d(4, 6, 3, padding="same")
Conv2d(4, 6, (3, 2), stride=2, padding=1, dilation=2, groups=2)
Conv2d(4, 6, 1, bias=False, padding_mode="reflect")
Conv3d(2, 3, 2)
ConvTranspose1d(4, 6, 3)
ConvTranspose2d(4, 6, (3, 2), stride=2, padding=1, output_padding=1, groups=2)
ConvTranspose3d(2, 3, 2, bias=False)
CosineSimilarity(0, 1e-6)
CrossEntropyLoss(ignore_index=3, label_smoothing=0.1)
CTCLoss(1, zero_infinity=True)
Dropout(0.25)
Dropout2d(0.25, True)
ELU(0.5)
Embedding(5, 3)
Embedding(5, 3, padding_idx=-1, max_norm=2.0, scale_grad_by_freq=True)
EmbeddingBag(5, 3, mode="sum", padding_idx=0)
Flatten(0, -2)
Fold((4, 5), 2, stride=2)
FractionalMaxPool2d(2, output_size=(2, 3))
FractionalMaxPool3d(2, output_ratio=0.5)
GELU("tanh")
GLU(0)
GRU(3, 4, 2, bidirectional=True)
GRUCell(3, 4)
GaussianNLLLoss(full=True)
GroupNorm(2, 4)
GroupNorm(2, 4, affine=False)
Hardtanh(-2.0, 3.0)
HuberLoss(delta=2.0)
Identity(3, unused=2)
InstanceNorm1d(3)
InstanceNorm2d(3, affine=True, track_running_stats=True)
InstanceNorm3d(3, track_running_stats=True)
KLDivLoss("batchmean", log_target=True)
LPPool1d(2, 3)
LPPool2d(2, 3, 2, True)
LPPool3d(2, 3)
LSTM(3, 4)
LSTM(3, 4, 2, batch_first=True, dropout=0.5, bidirectional=True, proj_size=2)
LSTM(3, 4, bias=False)
LSTMCell(3, 4, bias=False)
LayerNorm((3, 4))
LayerNorm(4, bias=False)
LayerNorm(4, 1e-3, elementwise_affine=False)
LazyBatchNorm2d()
LazyConv2d(4, 3)
LazyConvTranspose1d(4, 3, bias=False)
LazyLinear(4)
LeakyReLU(0.3)
Linear(3, 4)
Linear(3, 4, bias=False)
LinearCrossEntropyLoss(3, 4, bias=True)
LocalResponseNorm(2)
LogSoftmax(1)
MaxPool1d(2)
MaxPool2d((2, 3), stride=1, padding=1, dilation=2, return_indices=True)
MaxPool3d(2, ceil_mode=True)
MaxUnpool1d(2)
MaxUnpool2d((2, 3), 1)
MaxUnpool3d(2)
MultiheadAttention(8, 2)
MultiheadAttention(8, 2, bias=False, add_bias_kv=True, kdim=6, vdim=4, batch_first=True)
NLLLoss(ignore_index=2)
PReLU(3, 0.1)
PairwiseDistance(1.0, keepdim=True)
PixelShuffle(2)
PixelUnshuffle(2)
PoissonNLLLoss(False, True)
RMSNorm((3, 4))
RMSNorm(4, 1e-3, elementwise_affine=False)
RNN(3, 4, nonlinearity="relu")
RNNBase("RNN_TANH", 3, 4)
RNNCell(3, 4, nonlinearity="relu")
RNNCellBase(3, 4, True, 2)
RReLU(0.1, 0.2)
ReflectionPad1d(1)
ReflectionPad2d((1, 2, 0, 1))
ReflectionPad3d(1)
ReplicationPad1d(1)
ReplicationPad2d((1, 2, 0, 1))
ReplicationPad3d(1)
SmoothL1Loss(beta=0.5)
Softmax(-1)
Softmin(0)
Softplus(2, 10)
Softshrink(0.3)
SyncBatchNorm(3)
Threshold(0.1, 2.0)
Transformer(8, 2, 1, 1, 12)
TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 12), 2, nn.LayerNorm(8))
TransformerDecoderLayer(8, 2, 12, bias=False)
TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 12, batch_first=True), 2)
TransformerEncoderLayer(8, 2, 12, activation="gelu", norm_first=True)
TripletMarginLoss(2.0, swap=True)
Unflatten(1, (2, 3))
Unfold((2, 3), padding=1)
Upsample(scale_factor=2)
Upsample((4, 5), mode="bilinear", align_corners=True)
UpsamplingBilinear2d(scale_factor=2)
UpsamplingNearest2d((4, 5))
ZeroPad1d(1)
ZeroPad2d((1, 2, 0, 1))
ZeroPad3d(1)
LazyBatchNorm1d()
LazyBatchNorm3d()
LazyConv1d(4, 3)
LazyConv3d(4, 3)
LazyConvTranspose2d(4, 3)
LazyConvTranspose3d(4, 3)
LazyInstanceNorm1d()
LazyInstanceNorm2d(affine=True)
LazyInstanceNorm3d()
ModuleDict({"a": nn.Linear(2, 3), "b": nn.ReLU()})
ModuleList([nn.Linear(2, 3), nn.Linear(2, 3), nn.ReLU()])
Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.BatchNorm1d(3)))
""".strip().splitlines()
named = {text.partition("(")[0] for text in ARGUMENTS}
CALLS = ARGUMENTS + [
    f"{name}()"
    for name, kind in vars(torch.nn).items()
    if inspect.isclass(kind)
    and issubclass(kind, torch.nn.Module)
    and hasattr(nn, name)
    and name not in named | {"ParameterDict", "ParameterList"}
]

every_module = pytest.mark.parametrize("call", CALLS)


def made(call):
    """Both modules."""
    return [eval(f"nn.{call}", {"nn": library}) for library in (nn, torch.nn)]


@every_module
def test_state(call):
    ours, theirs = made(call)
    for walk in ("state_dict", "named_parameters", "named_buffers"):
        a, b = (dict(getattr(module, walk)()) for module in (ours, theirs))
        assert list(a) == list(b), walk
        for key, x in b.items():
            if torch.nn.parameter.is_lazy(x):
                assert nn.parameter.is_lazy(a[key]), key
                continue
            assert a[key].shape == tuple(x.shape), key
            assert a[key].dtype.name == str(x.dtype).removeprefix("torch."), key
            assert a[key].requires_grad == x.requires_grad, key
    for walk in ("named_modules", "named_children"):
        assert [n for n, _ in getattr(ours, walk)()] == [n for n, _ in getattr(theirs, walk)()]


# What one of both has and the other leaves out on purpose.
NOT_SHARED = {"device", "dtype", "generator", "options", "reduce", "size_average"}
NOT_SHARED |= {"max_value", "min_value"}  # old names of options of Hardtanh


def parameters_of(library, name, method):
    found = inspect.signature(getattr(getattr(library, name), method)).parameters.values()
    # Functions that are defaults are each library's own.
    return [
        (p.name, p.kind, getattr(p.default, "__name__", p.default))
        for p in found
        if p.name not in NOT_SHARED
    ]


@pytest.mark.parametrize("method", ["__init__", "forward"])
@pytest.mark.parametrize("name", sorted({call.partition("(")[0] for call in CALLS}))
def test_signatures(name, method):
    expected = parameters_of(torch.nn, name, method)
    if inspect.Parameter.VAR_POSITIONAL not in {kind for _, kind, _ in expected}:
        assert parameters_of(nn, name, method) == expected


# How PyTorch's own fast paths are chosen, and attributes that say nothing.
NOT_OURS = {
    "activation_relu_or_gelu",
    "enable_nested_tensor",
    "mask_check",
    "name",
    "options",
    "use_nested_tensor",
}


@every_module
def test_attributes(call):
    ours, theirs = made(call)
    for name, value in vars(theirs).items():
        if name.startswith("_") or name in NOT_OURS or callable(value):
            continue
        if (name, call.partition("(")[0]) == ("reduction", "KLDivLoss"):
            continue  # PyTorch's changes "batchmean" to "mean" where it is made
        own = getattr(ours, name)
        assert own == value and type(own) is type(value), name


# Ours also tell the options that these classes of PyTorch do not.
SAY_MORE = (
    "AvgPool2d((2, 3), ceil_mode=True)",
    "CosineSimilarity",
    "FractionalMaxPool",
    "PairwiseDistance",
    "TripletMarginWithDistanceLoss",  # has a PairwiseDistance
)


@every_module
def test_repr(call):
    ours, theirs = made(call)
    expected = repr(theirs).replace("NonDynamicallyQuantizableLinear", "Linear")
    if call.startswith("LinearCrossEntropyLoss"):
        expected = re.sub(r"\n  in_features=.*", "", expected)  # not at this one's level
    if call.startswith(SAY_MORE):
        assert len(repr(ours)) > len(expected)
    else:
        assert repr(ours) == expected


# Large enough to tell distributions apart.
LARGE = """
AdaptiveLogSoftmaxWithLoss(100, 500, [50, 200], head_bias=True)
BatchNorm2d(300)
Bilinear(20, 30, 100)
Conv1d(64, 96, 5)
Conv2d(32, 64, (3, 5), groups=2)
Conv3d(16, 32, 3)
ConvTranspose1d(64, 96, 5)
ConvTranspose2d(32, 64, 3, groups=2)
ConvTranspose3d(16, 32, 3)
Embedding(300, 100, padding_idx=7)
EmbeddingBag(300, 100)
GRU(100, 100, bidirectional=True)
GRUCell(100, 100)
GroupNorm(3, 300)
InstanceNorm2d(300, affine=True)
LSTM(100, 100, 2, proj_size=50)
LSTMCell(100, 100)
LayerNorm((30, 40))
Linear(300, 400)
LinearCrossEntropyLoss(300, 400, bias=True)
MultiheadAttention(128, 4, add_bias_kv=True)
MultiheadAttention(128, 4, kdim=64, vdim=256)
PReLU(300)
RMSNorm(300)
RNN(100, 100)
RNNCell(100, 100)
TransformerDecoderLayer(64, 4, 512)
TransformerEncoderLayer(64, 4, 512)
""".strip().splitlines()


@pytest.mark.parametrize("call", LARGE)
def test_initial_distributions(call):
    tl.manual_seed(0)
    torch.manual_seed(0)
    ours, theirs = made(call)
    for name, own in ours.state_dict().items():
        a, b = array_of(own).ravel(), array_of(theirs.state_dict()[name]).ravel()
        if np.ptp(b) == 0:
            np.testing.assert_array_equal(a, b, err_msg=name)
            continue
        assert (a == 0).sum() == (b == 0).sum(), name  # the row of padding
        assert stats.ks_2samp(a, b).pvalue > 1e-3, name
        if stats.kurtosis(b) < -1 and len(b) > 1000:  # uniform: a bound that is nearly reached
            np.testing.assert_allclose([a.min(), a.max()], [b.min(), b.max()], rtol=5e-3)
        else:
            assert abs(a.std() / b.std() - 1) < 6 / np.sqrt(len(a)), name
