#!/bin/sh
# Installs the libraries that varscope is measured beside into `target/compare`: about 10 GB, most of it PyTorch's.
# What cannot be installed is left out, and the table has no column for it.
set -u
cd "$(dirname "$0")/../.."
folder=$PWD/target/compare
mkdir -p "$folder"
python3 -m venv "$folder/python" && "$folder/python/bin/pip" install --quiet -r benches/compare/requirements.txt
benches/compare/onednn/build.sh "$folder"
# Each by itself: built together, features that one asks for would be switched on for the other.
for peer in burn candle; do
    RUSTFLAGS="-C target-cpu=native" cargo build --release --manifest-path benches/compare/rust/Cargo.toml \
        --target-dir "$folder/rust" -p "$peer-peer"
done
cargo build --release -p varscope-benches --bins
