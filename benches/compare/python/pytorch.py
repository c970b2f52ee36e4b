"""PyTorch, eager; images with channels last, which is its faster layout on processors."""

import os

from serve import convolution, product, serve, threads

THREADS = threads()
os.environ["OMP_NUM_THREADS"] = str(THREADS)
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch  # noqa: E402 (it reads the number of threads when it is loaded)
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

torch.set_num_threads(THREADS)
torch.manual_seed(1)


class Mlp(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))


class LeNet(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 32, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(3136, 1024),
            nn.ReLU(),
            nn.Linear(1024, 10),
        )


def normalized(channels, filters, window, stride):
    convolution = nn.Conv2d(channels, filters, window, stride, window // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(filters))


class Block(nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.first = normalized(channels, filters, 3, stride)
        self.second = normalized(filters, filters, 3, 1)
        self.shortcut = normalized(channels, filters, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


class ResNet20(nn.Sequential):
    def __init__(self):
        stages = [(16, 16, 1), (16, 32, 2), (32, 64, 2)]
        blocks = [
            Block(channels if first else filters, filters, stride if first else 1)
            for channels, filters, stride in stages
            for first in (True, False, False)
        ]
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
        super().__init__(normalized(3, 16, 3, 1), nn.ReLU(), *blocks, *head)


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(28, 128, batch_first=True)
        self.logits = nn.Linear(128, 10)

    def forward(self, x):
        states, _ = self.cells(x)
        return self.logits(states[:, -1])


def momentum(variables):
    return torch.optim.SGD(variables, lr=1e-3, momentum=0.9)


def adam(variables):
    return torch.optim.Adam(variables, lr=1e-4)


TRAINING = {
    "train_mlp_b64_sgdm": (Mlp, (64, 784), momentum),
    "train_mlp_b256_sgdm": (Mlp, (256, 784), momentum),
    "train_lenet_b64_sgdm": (LeNet, (64, 1, 28, 28), momentum),
    "train_resnet20_b32_sgdm": (ResNet20, (32, 3, 32, 32), momentum),
    "train_lstm_b64_adam": (Lstm, (64, 28, 28), adam),
}
INFERENCE = {"infer_mlp_b1": (Mlp, (1, 784)), "infer_lenet_b1": (LeNet, (1, 1, 28, 28))}


def channels_last(value):
    return value.to(memory_format=torch.channels_last)


def images(*shape):
    return channels_last(torch.randn(*shape))


def training(model, shape, optimizer):
    net, x = model(), torch.randn(*shape)
    if x.dim() == 4:
        net, x = channels_last(net), channels_last(x)
    labels = torch.arange(shape[0]) * 7 % 10
    optimizer = optimizer(net.parameters())

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(net(x), labels).backward()
        optimizer.step()

    return step


def inference(model, shape):
    net, x = model().eval(), torch.randn(*shape)

    def run():
        with torch.inference_mode():
            net(x)

    return run


def products(m, k, n, stored):
    a, b = (torch.randn(k, m).t() if stored == "tn" else torch.randn(m, k)), torch.randn(k, n)
    b = torch.randn(n, k).t() if stored == "nt" else b
    y = torch.empty(m, n)

    def run():
        with torch.inference_mode():
            torch.mm(a, b, out=y)

    return run


def convolutions(n, size, channels, filters, window, stride, padding, which):
    x, w = images(n, channels, size, size), images(filters, channels, window, window)
    dy = images(n, filters, size // stride, size // stride)
    strides, paddings = [stride] * 2, [padding] * 2

    def run():
        with torch.inference_mode():
            if which == "fwd":
                F.conv2d(x, w, None, strides, paddings)
            else:
                wanted = [which == "bwd_d", which == "bwd_w", False]
                torch.ops.aten.convolution_backward(
                    dy, x, w, None, strides, paddings, [1, 1], False, [0, 0], 1, wanted
                )

    return run


def make(workload):
    if sizes := product(workload):
        return products(*sizes)
    if sizes := convolution(workload):
        return convolutions(*sizes)
    if workload in TRAINING:
        return training(*TRAINING[workload])
    return inference(*INFERENCE[workload]) if workload in INFERENCE else None


serve("PyTorch", torch.__version__, make)
