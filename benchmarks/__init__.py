"""Speed and memory as ratios within one run; `python -m benchmarks` prints every table of docs/performance.md."""
