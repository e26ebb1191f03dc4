"""Whole training steps."""

from comparison.group import Group, Target

SETUP = """
import math
nn, optim, F = xp.nn, xp.optim, xp.nn.functional
xp.manual_seed(1)
rng = np.random.default_rng(0)

def normal(*shape):
    return array(rng.standard_normal(shape).astype(np.float32))

def trained(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    loss.item()

# ---- a small perceptron

mlp = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
mlp_optimizer = optim.Adam(mlp.parameters())
mlp_inputs, mlp_labels = normal(32, 64), array(rng.integers(0, 10, 32))

def mlp_step():
    trained(mlp_optimizer, F.cross_entropy(mlp(mlp_inputs), mlp_labels))

# ---- the network of examples/digits.py

cnn = nn.Sequential(
    nn.Conv2d(1, 32, 3), nn.ReLU(),
    nn.Conv2d(32, 64, 3), nn.ReLU(),
    nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(),
    nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
    nn.Linear(128, 10),
)
cnn_optimizer = optim.Adadelta(cnn.parameters(), lr=1.0)
cnn_images, cnn_labels = normal(64, 1, 28, 28), array(rng.integers(0, 10, 64))

def cnn_step():
    trained(cnn_optimizer, F.nll_loss(F.log_softmax(cnn(cnn_images), dim=1), cnn_labels))

# ---- the model of examples/shakespeare.py

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(128, bias=False), nn.LayerNorm(128, bias=False)
        self.qkv = nn.Linear(128, 384, bias=False)
        self.joined = nn.Linear(128, 128, bias=False)
        self.expansion = nn.Linear(128, 512, bias=False)
        self.projection = nn.Linear(512, 128, bias=False)

    def attend(self, x):
        heads = self.qkv(x).reshape(*x.shape[:2], 3, 4, 32)
        q, k, v = (heads[:, :, i].swapaxes(1, 2) for i in range(3))
        x = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.joined(x.swapaxes(1, 2).reshape(x.shape[0], -1, 128))

    def forward(self, x):
        x = x + self.attend(self.norm1(x))
        return x + self.projection(F.gelu(self.expansion(self.norm2(x))))

class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(65, 128), nn.Embedding(64, 128)
        self.blocks = nn.Sequential(*(Block() for _ in range(4)))
        self.norm = nn.LayerNorm(128, bias=False)
        self.head = nn.Linear(128, 65, bias=False)

    def forward(self, x):
        x = self.tokens(x) + self.places(xp.arange(x.shape[1], device=x.device))
        return self.head(self.norm(self.blocks(x)))

gpt = GPT()
gpt_optimizer = optim.AdamW(gpt.parameters())
gpt_tokens, gpt_labels = (array(rng.integers(0, 65, (12, 64))) for _ in range(2))

def gpt_step():
    scores = gpt(gpt_tokens).reshape(-1, 65)
    trained(gpt_optimizer, F.cross_entropy(scores, gpt_labels.reshape(-1)))

# ---- a recurrent network

class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(32, 64, batch_first=True)
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])

lstm = Recurrent()
lstm_optimizer = optim.Adam(lstm.parameters())
lstm_inputs, lstm_labels = normal(32, 20, 32), array(rng.integers(0, 10, 32))

def lstm_step():
    trained(lstm_optimizer, F.cross_entropy(lstm(lstm_inputs), lstm_labels))
"""

GROUP = Group(
    title="training steps",
    libraries=("tensorlib", "torch"),
    setup=SETUP,
    cases={
        "MLP 64-128-10, batch 32": "mlp_step()",
        "digits CNN, batch 64": "cnn_step()",
        "GPT, batch 12": "gpt_step()",
        "LSTM 20 steps, batch 32": "lstm_step()",
    },
    targets=(
        Target("torch", "each ratio", 0.35, "MLP"),
        Target("torch", "each ratio", 0.9, "digits"),
        Target("torch", "each ratio", 0.8, "GPT"),
        Target("torch", "each ratio", 0.6, "LSTM"),
    ),
    threads=None,
)
