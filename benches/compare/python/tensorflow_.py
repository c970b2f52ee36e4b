"""TensorFlow: Keras layers in compiled functions; images with channels last."""

import os

from serve import convolution, product, serve, threads

THREADS = threads()
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf  # noqa: E402 (the log level is read when it is loaded)

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(1)
keras = tf.keras
layers = keras.layers


def numbers(*shape):
    return tf.random.stateless_normal(shape, seed=(1, 1))


def ready(function, *arguments):
    """A run of a function as a graph."""
    compiled = tf.function(function)
    return lambda: compiled(*arguments)


def mlp():
    return keras.Sequential([layers.Dense(256, "relu"), layers.Dense(10)])


def lenet():
    convolutions = [
        layer
        for filters in (32, 64)
        for layer in (layers.Conv2D(filters, 5, padding="same", activation="relu"), layers.MaxPool2D())
    ]
    return keras.Sequential([*convolutions, layers.Flatten(), layers.Dense(1024, "relu"), layers.Dense(10)])


def normalized(x, filters, window, stride=1):
    x = layers.Conv2D(filters, window, stride, "same", use_bias=False)(x)
    return layers.BatchNormalization()(x)


def resnet20():
    images = keras.Input((32, 32, 3))
    x = layers.ReLU()(normalized(images, 16, 3))
    for filters in (16, 32, 64):
        for _ in range(3):
            stride = 1 if x.shape[-1] == filters else 2
            y = layers.ReLU()(normalized(x, filters, 3, stride))
            y = normalized(y, filters, 3)
            x = normalized(x, filters, 1, 2) if stride > 1 else x
            x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(images, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def lstm():
    return keras.Sequential([layers.LSTM(128), layers.Dense(10)])


def momentum():
    return keras.optimizers.SGD(1e-3, 0.9)


def adam():
    return keras.optimizers.Adam(1e-4)


TRAINING = {
    "train_mlp_b64_sgdm": (mlp, (64, 784), momentum),
    "train_mlp_b256_sgdm": (mlp, (256, 784), momentum),
    "train_lenet_b64_sgdm": (lenet, (64, 28, 28, 1), momentum),
    "train_resnet20_b32_sgdm": (resnet20, (32, 32, 32, 3), momentum),
    "train_lstm_b64_adam": (lstm, (64, 28, 28), adam),
}
INFERENCE = {"infer_mlp_b1": (mlp, (1, 784)), "infer_lenet_b1": (lenet, (1, 28, 28, 1))}


def training(model, shape, optimizer):
    net, x, labels, optimizer = model(), numbers(*shape), tf.range(shape[0]) * 7 % 10, optimizer()
    net(x)
    optimizer.build(net.trainable_variables)

    def step(x, labels):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, net(x, training=True))
            loss = tf.reduce_mean(losses)
        optimizer.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
        return loss

    return ready(step, x, labels)


def convolutions(n, size, channels, filters, window, stride, padding, which):
    x, w = numbers(n, size, size, channels), numbers(window, window, channels, filters)
    dy = numbers(n, size // stride, size // stride, filters)
    before = [padding, padding if stride == 1 else padding - 1]
    moves = {"strides": [1, stride, stride, 1], "padding": [[0, 0], before, before, [0, 0]]}
    if which == "fwd":
        return ready(lambda x, w: tf.nn.conv2d(x, w, **moves), x, w)
    paddings = {"padding": "EXPLICIT", "explicit_paddings": [0, 0, *before, *before, 0, 0]}
    moves = {"strides": moves["strides"], **paddings}
    raw = tf.raw_ops
    if which == "bwd_d":
        sizes = tf.constant(x.shape)
        return ready(
            lambda w, dy: raw.Conv2DBackpropInput(input_sizes=sizes, filter=w, out_backprop=dy, **moves), w, dy
        )
    sizes = tf.constant(w.shape)
    return ready(
        lambda x, dy: raw.Conv2DBackpropFilter(input=x, filter_sizes=sizes, out_backprop=dy, **moves), x, dy
    )


def make(workload):
    if sizes := product(workload):
        m, k, n, stored = sizes
        a = numbers(k, m) if stored == "tn" else numbers(m, k)
        b = numbers(n, k) if stored == "nt" else numbers(k, n)
        return ready(lambda a, b: tf.matmul(a, b, transpose_a=stored == "tn", transpose_b=stored == "nt"), a, b)
    if sizes := convolution(workload):
        return convolutions(*sizes)
    if workload in TRAINING:
        return training(*TRAINING[workload])
    if workload in INFERENCE:
        model, shape = INFERENCE[workload]
        net = model()
        return ready(lambda x: net(x, training=False), numbers(*shape))
    return None


serve("TensorFlow", tf.__version__, make)
