"""What every peer in Python does: it answers the driver's questions, one line each.

The driver starts a peer with `--threads N`. The peer says who it is, `{"peer": …, "version": …}`. Then each line that it
reads is `SECONDS WORKLOAD`, and each that it writes `{"median_ms": …}`, `{"missing": true}` for a workload that it has
not, or `{"error": …}`.
"""

import argparse
import json
import math
import re
import statistics
import sys
import time

# The least time that is measured at once, in seconds; a clock is too coarse for less.
SAMPLE = 2e-4


def threads():
    """How many threads may compute: to be asked before the peer's library is loaded."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, required=True)
    return parser.parse_args().threads


def product(workload):
    """`matmul_MxKxN` as (m, k, n, stored), where `stored` is "nn", "nt" or "tn"; None for other workloads."""
    found = re.fullmatch(r"matmul_(?:(nt|tn)_)?(\d+)x(\d+)x(\d+)", workload)
    return found and (*map(int, found.groups()[1:]), found[1] or "nn")


def convolution(workload):
    """`conv_nN_SIZE_CHANNELS_FILTERS_kK[sS]_PASS` as its sizes, the padding and the pass; None for others.

    The pass is "fwd", "bwd_d" (the gradient of the images) or "bwd_w" (that of the filters).
    """
    found = re.fullmatch(r"conv_n(\d+)_(\d+)_(\d+)_(\d+)_k(\d+)(?:s(\d+))?_(fwd|bwd_d|bwd_w)", workload)
    if not found:
        return None
    n, size, channels, filters, window, stride = (int(number or 1) for number in found.groups()[:6])
    return n, size, channels, filters, window, stride, window // 2, found[7]


def median(run, seconds):
    """The median time of a run in milliseconds, over about so many seconds and at least seven samples."""
    begin, warm = time.perf_counter(), 0
    while warm < 3 or time.perf_counter() - begin < seconds / 5:
        run()
        warm += 1
    batch = math.ceil(SAMPLE * warm / (time.perf_counter() - begin))
    begin, samples = time.perf_counter(), []
    while len(samples) < 7 or time.perf_counter() - begin < seconds:
        sample = time.perf_counter()
        for _ in range(batch):
            run()
        samples.append((time.perf_counter() - sample) * 1e3 / batch)
    return statistics.median(samples)


def serve(peer, version, make):
    """Answers until the driver stops asking; `make` gives the run of a workload, or None."""

    def answer(seconds, workload):
        if workload not in runs:
            runs[workload] = make(workload)
        run = runs[workload]
        return {"missing": True} if run is None else {"median_ms": median(run, seconds)}

    def say(line):
        print(json.dumps(line), flush=True)

    runs = {}
    say({"peer": peer, "version": version})
    for line in sys.stdin:
        seconds, workload = line.split()
        try:
            say(answer(float(seconds), workload))
        except Exception as error:  # one workload that fails leaves the others
            say({"error": f"{type(error).__name__}: {error}"[:300]})
