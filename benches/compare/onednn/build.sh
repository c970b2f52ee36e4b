#!/bin/sh
# Builds the peer from the library in one package of PyPI and the headers in another, which are of a build for SYCL.
# Usage: build.sh FOLDER, where a virtual environment for each is made and the program is left.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
python3 -m venv "$folder/onednn-library"
"$folder/onednn-library/bin/pip" install --quiet onednn-cpu-gomp==2023.2.0
python3 -m venv "$folder/onednn-headers"
"$folder/onednn-headers/bin/pip" install --quiet --no-deps onednn-devel
rm -rf "$folder/include"
cp -r "$folder/onednn-headers/include" "$folder/include"
find "$folder/include" -name dnnl_config.h -exec sed -E -i \
    -e 's/(#define DNNL_CPU_THREADING_RUNTIME) .*/\1 DNNL_RUNTIME_OMP/' \
    -e 's/(#define DNNL_CPU_RUNTIME) .*/\1 DNNL_RUNTIME_OMP/' \
    -e 's/(#define DNNL_GPU_RUNTIME) .*/\1 DNNL_RUNTIME_NONE/' \
    -e 's/(#define DNNL_GPU_VENDOR) .*/\1 DNNL_VENDOR_NONE/' \
    -e '/#define DNNL_WITH_SYCL/d' {} +
library=$folder/onednn-library/lib
g++ -O2 -std=c++17 -fopenmp -I"$folder/include" "$here/peer.cpp" -o "$folder/onednn-peer" \
    "$library/libdnnl.so.3" -Wl,-rpath,"$library"
