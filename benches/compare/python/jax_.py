"""JAX, compiled, with optax; images with channels last."""

import os

from serve import convolution, product, serve, threads

THREADS = threads()
# XLA takes as many threads as the process has processors.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])

import jax  # noqa: E402 (it counts the processors when it is loaded)
import optax  # noqa: E402
from jax import numpy as jnp  # noqa: E402

LAYOUT = ("NHWC", "HWIO", "NHWC")


def numbers(*shape):
    return jax.random.normal(jax.random.key(1), shape, jnp.float32)


def ready(function, *arguments):
    """A run of a compiled function, to its end."""
    compiled = jax.jit(function)
    return lambda: jax.block_until_ready(compiled(*arguments))


def conv(x, w, stride=1, padding="SAME"):
    return jax.lax.conv_general_dilated(x, w, (stride, stride), padding, dimension_numbers=LAYOUT)


def dense(x, layer):
    return x @ layer["w"] + layer["b"]


def layer(*shape):
    return {"w": numbers(*shape) * 0.05, "b": jnp.zeros(shape[-1])}


def pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def mlp(net, x):
    return dense(jax.nn.relu(dense(x, net[0])), net[1])


def lenet(net, x):
    for filters in net[:2]:
        x = pool(jax.nn.relu(conv(x, filters["w"]) + filters["b"]))
    return mlp(net[2:], x.reshape(x.shape[0], -1))


def normalized(x, net, stride=1):
    y = conv(x, net["w"], stride)
    mean, variance = y.mean((0, 1, 2)), y.var((0, 1, 2))
    return (y - mean) * jax.lax.rsqrt(variance + 1e-3) * net["gamma"] + net["beta"]


def resnet20(net, x):
    x = jax.nn.relu(normalized(x, net["first"]))
    for block in net["blocks"]:
        stride = 2 if "shortcut" in block else 1
        y = normalized(jax.nn.relu(normalized(x, block["one"], stride)), block["two"])
        x = jax.nn.relu(y + (normalized(x, block["shortcut"], 2) if stride > 1 else x))
    return dense(x.mean((1, 2)), net["logits"])


def filters(window, channels, count):
    w = numbers(window, window, channels, count) * 0.05
    return {"w": w, "gamma": jnp.ones(count), "beta": jnp.zeros(count)}


def resnet20_variables():
    blocks, channels = [], 16
    for count in (16, 32, 64):
        for _ in range(3):
            block = {"one": filters(3, channels, count), "two": filters(3, count, count)}
            if channels != count:
                block["shortcut"] = filters(1, channels, count)
            blocks.append(block)
            channels = count
    return {"first": filters(3, 3, 16), "blocks": blocks, "logits": layer(64, 10)}


def lstm(net, x):
    def cell(state, row):
        h, c = state
        i, g, f, o = jnp.split(jnp.concatenate([row, h], 1) @ net["cell"]["w"] + net["cell"]["b"], 4, 1)
        c = jax.nn.sigmoid(f + 1) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    start = jnp.zeros((x.shape[0], 128))
    (h, _), _ = jax.lax.scan(cell, (start, start), x.swapaxes(0, 1))
    return dense(h, net["logits"])


def lenet_variables():
    return [layer(5, 5, 1, 32), layer(5, 5, 32, 64), layer(3136, 1024), layer(1024, 10)]


def mlp_variables():
    return [layer(784, 256), layer(256, 10)]


def lstm_variables():
    return {"cell": layer(156, 512), "logits": layer(128, 10)}


TRAINING = {
    "train_mlp_b64_sgdm": (mlp, mlp_variables, (64, 784), optax.sgd(1e-3, 0.9)),
    "train_mlp_b256_sgdm": (mlp, mlp_variables, (256, 784), optax.sgd(1e-3, 0.9)),
    "train_lenet_b64_sgdm": (lenet, lenet_variables, (64, 28, 28, 1), optax.sgd(1e-3, 0.9)),
    "train_resnet20_b32_sgdm": (resnet20, resnet20_variables, (32, 32, 32, 3), optax.sgd(1e-3, 0.9)),
    "train_lstm_b64_adam": (lstm, lstm_variables, (64, 28, 28), optax.adam(1e-4)),
}
INFERENCE = {
    "infer_mlp_b1": (mlp, mlp_variables, (1, 784)),
    "infer_lenet_b1": (lenet, lenet_variables, (1, 28, 28, 1)),
}


def training(model, variables, shape, optimizer):
    x, labels = numbers(*shape), jnp.arange(shape[0]) * 7 % 10
    net = variables()
    state = [net, optimizer.init(net)]

    def loss(net, x, labels):
        return optax.softmax_cross_entropy_with_integer_labels(model(net, x), labels).mean()

    def update(net, moments, x, labels):
        gradients = jax.grad(loss)(net, x, labels)
        updates, moments = optimizer.update(gradients, moments)
        return optax.apply_updates(net, updates), moments

    compiled = jax.jit(update, donate_argnums=(0, 1))

    def step():
        state[:] = jax.block_until_ready(compiled(*state, x, labels))

    return step


def convolutions(n, size, channels, count, window, stride, padding, which):
    x, w = numbers(n, size, size, channels), numbers(window, window, channels, count)
    dy = numbers(n, size // stride, size // stride, count)
    before = [(padding, padding if stride == 1 else padding - 1)] * 2

    def forward(x, w):
        return conv(x, w, stride, before)

    if which == "fwd":
        return ready(forward, x, w)
    if which == "bwd_d":
        return ready(lambda x, w, dy: jax.vjp(lambda x: forward(x, w), x)[1](dy), x, w, dy)
    return ready(lambda x, w, dy: jax.vjp(lambda w: forward(x, w), w)[1](dy), x, w, dy)


def make(workload):
    if sizes := product(workload):
        m, k, n, stored = sizes
        a = numbers(k, m) if stored == "tn" else numbers(m, k)
        b = numbers(n, k) if stored == "nt" else numbers(k, n)
        return ready(lambda a, b: (a.T if stored == "tn" else a) @ (b.T if stored == "nt" else b), a, b)
    if sizes := convolution(workload):
        return convolutions(*sizes)
    if workload in TRAINING:
        return training(*TRAINING[workload])
    if workload in INFERENCE:
        model, variables, shape = INFERENCE[workload]
        return ready(model, variables(), numbers(*shape))
    return None


serve("JAX", jax.__version__, make)
