#!/bin/sh
# What it costs to build one small program with each library: a row of a Markdown table for each, times in seconds on the
# clock and, behind the stroke, of all processors. Usage: measure.sh [burn] [candle] [varscope]
# UNDER may hold a command that every build is started with, such as a lock; waiting for it is not counted.
set -eu
cd "$(dirname "$0")/../.."
folder=$PWD/target/footprint
under=${UNDER:-}
# Copies, in which a line can be changed; as deep as the originals, so that the path to varscope holds.
rm -rf "$folder"
mkdir -p "$folder"
cp -R benches/footprint/. "$folder"
cd "$folder"

# Seconds of cargo with these arguments, for the program of $library.
timed() {
    if ! $under time -p cargo "$@" --quiet --locked --offline -p "$library-trainer" --target-dir "target/$library" 2>log
    then
        cat log >&2
        exit 1
    fi
    awk '/^real/ { clock = $2 } /^(user|sys)/ { processor += $2 } END { printf "%.2f / %.2f\n", clock, processor }' log
}

# The median run of three, each after the hidden layer got another size.
changed() {
    for units in 257 258 259; do
        sed "s/256/$units/" "original-$library.rs" >"$library/src/main.rs"
        timed "$@"
    done >runs
    sort -n runs | sed -n 2p
}

bytes() {
    wc -c <"$1" | awk '{ printf "%.2f", $1 / 1e6 }'
}

measure() {
    library=$1
    cp "$library/src/main.rs" "original-$library.rs"
    # Those of macros and build scripts too, on this platform, without the program. This fetches them all.
    packages=$(cargo tree --locked --prefix none -e normal,build -p "$library-trainer" | sed 's/ (\*)$//' | sort -u |
        tail -n +2 | wc -l)
    cold=$(timed build --release)
    program=target/$library/release/$library-trainer
    "$program" >&2
    strip -o stripped "$program"
    size="$(bytes "$program") | $(bytes stripped)"
    rebuild=$(changed build --release)
    timed check >/dev/null
    check=$(changed check)
    rm -rf "target/$library"
    echo "| $library | $packages | $cold | $rebuild | $check | $size |"
}

echo "| library | packages | cold build | rebuild | check | binary, MB | stripped, MB |"
echo "| --- | --- | --- | --- | --- | --- | --- |"
[ $# -gt 0 ] || set -- varscope burn candle
for library in "$@"; do
    measure "$library"
done
