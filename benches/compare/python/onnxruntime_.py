"""ONNX Runtime: inference, matrix products and convolutions forward, as graphs of their own."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from serve import convolution, product, serve, threads

THREADS = threads()


def numbers(*shape):
    return np.random.default_rng(1).standard_normal(shape, dtype=np.float32)


def session(nodes, shape, constants):
    """A run of a graph from `x` to `y`; the result is written where it was before."""
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "workload", [x], [y], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    made = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    inputs = {"x": numbers(*shape)}
    outputs = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in made.run(None, inputs)]
    binding = made.io_binding()
    binding.bind_cpu_input("x", inputs["x"])
    binding.bind_ortvalue_output("y", outputs[0])
    return lambda: made.run_with_iobinding(binding)


def node(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs.split(), [output], **attributes)


def mlp():
    nodes = [node("Gemm", "x w1 b1", "h"), node("Relu", "h", "r"), node("Gemm", "r w2 b2", "y")]
    constants = {"w1": numbers(784, 256), "b1": numbers(256), "w2": numbers(256, 10), "b2": numbers(10)}
    return session(nodes, [1, 784], constants)


def lenet():
    padding = {"pads": [2, 2, 2, 2]}
    pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
    nodes = [
        node("Conv", "x f1 c1", "t1", **padding),
        node("Relu", "t1", "t2"),
        node("MaxPool", "t2", "t3", **pool),
        node("Conv", "t3 f2 c2", "t4", **padding),
        node("Relu", "t4", "t5"),
        node("MaxPool", "t5", "t6", **pool),
        node("Flatten", "t6", "t7"),
        node("Gemm", "t7 w1 b1", "t8"),
        node("Relu", "t8", "t9"),
        node("Gemm", "t9 w2 b2", "y"),
    ]
    constants = {
        "f1": numbers(32, 1, 5, 5),
        "c1": numbers(32),
        "f2": numbers(64, 32, 5, 5),
        "c2": numbers(64),
        "w1": numbers(3136, 1024),
        "b1": numbers(1024),
        "w2": numbers(1024, 10),
        "b2": numbers(10),
    }
    return session(nodes, [1, 1, 28, 28], constants)


def make(workload):
    if sizes := product(workload):
        m, k, n, stored = sizes
        return session([node("MatMul", "x w", "y")], [m, k], {"w": numbers(k, n)}) if stored == "nn" else None
    if sizes := convolution(workload):
        n, size, channels, filters, window, stride, padding, which = sizes
        if which != "fwd":
            return None
        nodes = [node("Conv", "x w", "y", strides=[stride] * 2, pads=[padding] * 4)]
        return session(nodes, [n, channels, size, size], {"w": numbers(filters, channels, window, window)})
    return {"infer_mlp_b1": mlp, "infer_lenet_b1": lenet}.get(workload, lambda: None)()


serve("ONNX Runtime", onnxruntime.__version__, make)
