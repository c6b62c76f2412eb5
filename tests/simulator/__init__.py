"""Whole runs under every fault at once, from one seed: real store and real sender, simulated time, provider and deaths.

knobs      how bad a world is: chances drawn from the seed
outside    the provider: what it takes, loses, refuses, forgets and finds; its log is the truth
storage    a database that fails now and then, and a process that may die at any step
world      processes, people and news, one event after the other
promises   what must hold after every step, and at the end

`python -m tests.simulator --seeds 5000` runs many, `--seed N` one with its trace.
"""
