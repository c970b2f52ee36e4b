// oneDNN: matrix products and convolutions, with the weights in the layout that it likes best, packed beforehand, and
// the images with channels last. It answers the driver as `../python/serve.py` says.

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "oneapi/dnnl/dnnl.hpp"

using dnnl::memory;
using Run = std::function<void()>;
using Layout = memory::format_tag;

namespace {

// The least time that is measured at once, in seconds; a clock is too coarse for less.
constexpr double kSample = 2e-4;

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The median time of a run in milliseconds, over about so many seconds and at least seven samples.
double median(const Run &run, double seconds) {
    double begin = now();
    int warm = 0;
    for (; warm < 3 || now() - begin < seconds / 5; warm++) run();
    int batch = std::max(1, static_cast<int>(std::ceil(kSample * warm / (now() - begin))));
    std::vector<double> samples;
    for (begin = now(); samples.size() < 7 || now() - begin < seconds;) {
        double sample = now();
        for (int turn = 0; turn < batch; turn++) run();
        samples.push_back((now() - sample) * 1e3 / batch);
    }
    std::nth_element(samples.begin(), samples.begin() + samples.size() / 2, samples.end());
    return samples[samples.size() / 2];
}

class Peer {
  public:
    // The run of a workload, or nothing for one that it has not.
    Run make(const std::string &workload) {
        int m, k, n;
        if (std::sscanf(workload.c_str(), "matmul_nt_%dx%dx%d", &m, &k, &n) == 3) return product(m, k, n, Layout::ab, Layout::ba);
        if (std::sscanf(workload.c_str(), "matmul_tn_%dx%dx%d", &m, &k, &n) == 3) return product(m, k, n, Layout::ba, Layout::ab);
        if (std::sscanf(workload.c_str(), "matmul_%dx%dx%d", &m, &k, &n) == 3) return product(m, k, n, Layout::ab, Layout::any);
        Sizes sizes;
        int end = 0;
        const char *form = "conv_n%ld_%ld_%ld_%ld_k%ld%n";
        const char *text = workload.c_str();
        if (std::sscanf(text, form, &sizes.images, &sizes.size, &sizes.channels, &sizes.filters, &sizes.window, &end) != 5) return {};
        std::string rest = workload.substr(end);
        if (rest.rfind("s2", 0) == 0) {
            sizes.stride = 2;
            rest = rest.substr(2);
        }
        return convolution(sizes, rest);
    }

  private:
    struct Sizes {
        long images, size, channels, filters, window, stride = 1;
    };

    static memory::desc tensor(const memory::dims &dims, Layout layout) {
        return {dims, memory::data_type::f32, layout};
    }

    memory numbers(const memory::desc &described) {
        memory made(described, engine_);
        auto *elements = static_cast<float *>(made.get_data_handle());
        for (size_t at = 0; at < described.get_size() / sizeof(float); at++) elements[at] = static_cast<float>(at % 101) / 50 - 1;
        return made;
    }

    Run run(const dnnl::primitive &primitive, const std::unordered_map<int, memory> &arguments) {
        return [this, primitive, arguments] {
            primitive.execute(stream_, arguments);
            stream_.wait();
        };
    }

    Run product(int m, int k, int n, Layout a, Layout b) {
        dnnl::matmul::primitive_desc made(engine_, tensor({m, k}, a), tensor({k, n}, b), tensor({m, n}, Layout::ab));
        return run(dnnl::matmul(made), {{DNNL_ARG_SRC, numbers(made.src_desc())},
                                        {DNNL_ARG_WEIGHTS, numbers(made.weights_desc())},
                                        {DNNL_ARG_DST, numbers(made.dst_desc())}});
    }

    Run convolution(const Sizes &sizes, const std::string &pass) {
        const long out = sizes.size / sizes.stride, before = sizes.window / 2, after = sizes.stride == 1 ? before : before - 1;
        const auto x = tensor({sizes.images, sizes.channels, sizes.size, sizes.size}, Layout::nhwc);
        const auto w = tensor({sizes.filters, sizes.channels, sizes.window, sizes.window}, Layout::any);
        const auto y = tensor({sizes.images, sizes.filters, out, out}, Layout::nhwc);
        const memory::dims strides(2, sizes.stride), left(2, before), right(2, after);
        const auto how = dnnl::algorithm::convolution_direct;
        dnnl::convolution_forward::primitive_desc forward(engine_, dnnl::prop_kind::forward_training, how, x, w, y, strides, left, right);
        if (pass == "_fwd") {
            return run(dnnl::convolution_forward(forward), {{DNNL_ARG_SRC, numbers(forward.src_desc())},
                                                            {DNNL_ARG_WEIGHTS, numbers(forward.weights_desc())},
                                                            {DNNL_ARG_DST, numbers(forward.dst_desc())}});
        }
        if (pass == "_bwd_d") {
            dnnl::convolution_backward_data::primitive_desc made(engine_, how, x, w, y, strides, left, right, forward);
            return run(dnnl::convolution_backward_data(made), {{DNNL_ARG_DIFF_SRC, numbers(made.diff_src_desc())},
                                                               {DNNL_ARG_WEIGHTS, numbers(made.weights_desc())},
                                                               {DNNL_ARG_DIFF_DST, numbers(made.diff_dst_desc())}});
        }
        dnnl::convolution_backward_weights::primitive_desc made(engine_, how, x, w, y, strides, left, right, forward);
        return run(dnnl::convolution_backward_weights(made), {{DNNL_ARG_SRC, numbers(made.src_desc())},
                                                              {DNNL_ARG_DIFF_WEIGHTS, numbers(made.diff_weights_desc())},
                                                              {DNNL_ARG_DIFF_DST, numbers(made.diff_dst_desc())}});
    }

    dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream_{engine_};
};

}  // namespace

int main(int count, char **arguments) {
    if (count != 3 || std::string(arguments[1]) != "--threads") return 2;
    omp_set_num_threads(std::stoi(arguments[2]));
    Peer peer;
    std::unordered_map<std::string, Run> runs;
    const auto *version = dnnl_version();
    std::cout << R"({"peer":"oneDNN","version":")" << version->major << '.' << version->minor << '.' << version->patch << "\"}" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        double seconds;
        std::string workload;
        words >> seconds >> workload;
        try {
            auto found = runs.find(workload);
            if (found == runs.end()) found = runs.emplace(workload, peer.make(workload)).first;
            if (found->second) {
                std::cout << R"({"median_ms":)" << median(found->second, seconds) << '}' << std::endl;
            } else {
                std::cout << R"({"missing":true})" << std::endl;
            }
        } catch (const dnnl::error &error) {
            std::cout << R"({"error":")" << error.what() << "\"}" << std::endl;
        }
    }
}
