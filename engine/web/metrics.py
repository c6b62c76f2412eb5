"""What is measured, as Prometheus reads it: no label ever holds an address or a person's number.

https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import engine
from engine.app.measuring import Measures
from engine.model.status import Kind, Status

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def page(measures: Measures, *, dropped: int) -> bytes:
    """The page of all metrics. `dropped`: visits that this process could not write down."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(House(measures, dropped))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return generate_latest(registry)


class House(Collector):
    """The house at one moment."""

    def __init__(self, measures: Measures, dropped: int) -> None:
        self.measures = measures
        self.dropped = dropped

    def collect(self) -> Iterator[Metric]:
        """Every metric of ours."""
        yield one("touchbase_build", "The version that runs.", {"version": engine.__version__}, 1)
        yield from of_runs(self.measures.status)
        yield from of_the_house(self.measures.status)
        totals = self.measures.totals
        yield counter("touchbase_calls", "Calls to providers.", ("provider", "outcome"), totals.calls.items())
        handed = {(provider,): number for provider, number in totals.letters.items()}
        yield counter(
            "touchbase_letters_handed_over", "Letters in those calls.", ("provider",), handed.items()
        )
        yield counter(
            "touchbase_news", "What was heard of letters.", ("provider", "news"), totals.news.items()
        )
        runs = {(state,): number for state, number in totals.runs.items()}
        yield gauge("touchbase_runs", "Runs by state.", ("state",), runs.items())
        yield counter(
            "touchbase_visits_dropped", "Opens and clicks not written down.", (), [((), self.dropped)]
        )


Values = dict[tuple[str, ...], float]
Numbers = Iterable[tuple[tuple[str, ...], float]]


def of_runs(status: Status) -> Iterator[Metric]:
    """Letters of runs that are not over, by campaign."""
    pending: Values = {}
    due: Values = {}
    in_flight: Values = {}
    uncertain: Values = {}
    for run in status.runs:
        key = (run.campaign,)
        for values, number in (
            (pending, run.pending),
            (due, run.due),
            (in_flight, run.in_flight),
            (uncertain, run.uncertain),
        ):
            values[key] = values.get(key, 0) + number
    labels = ("campaign",)
    yield gauge("touchbase_letters_pending", "Letters neither sent nor given up.", labels, pending.items())
    yield gauge("touchbase_letters_due", "Letters that may leave now.", labels, due.items())
    yield gauge("touchbase_letters_in_flight", "Letters in a process's hands.", labels, in_flight.items())
    yield gauge("touchbase_letters_uncertain", "Letters that may have arrived.", labels, uncertain.items())
    waiting = [
        (status.at - run.due_since).total_seconds() for run in status.runs if run.due_since is not None
    ]
    longest = max(waiting, default=0.0)
    yield one("touchbase_queue_oldest_seconds", "How long the first due letter waits.", {}, longest)


def of_the_house(status: Status) -> Iterator[Metric]:
    """What needs a person, and how ways out, feeds, processes and jobs are."""
    needs: Values = {(kind.value,): 0.0 for kind in Kind}
    for need in status.needs:
        needs[(need.kind.value,)] += 1
    yield gauge("touchbase_needs", "Things that go no further without a person.", ("kind",), needs.items())
    closed = {(way.provider,): float(way.closed) for way in status.providers}
    yield gauge(
        "touchbase_provider_closed", "Whether a way out takes nothing.", ("provider",), closed.items()
    )
    failing = {(feed.feed,): float(feed.failures) for feed in status.feeds}
    yield gauge("touchbase_feed_failures", "Failed looks at a feed in a row.", ("feed",), failing.items())
    roles: Values = {}
    for process in status.processes:
        roles[(process.role,)] = roles.get((process.role,), 0) + 1
    yield gauge(
        "touchbase_processes", "Living processes by what they are there for.", ("role",), roles.items()
    )
    failures = {(job.name,): float(job.failures) for job in status.jobs}
    yield gauge("touchbase_job_failures", "Failures of a job in a row.", ("job",), failures.items())
    ended = {(job.name,): job.ended_at.timestamp() for job in status.jobs if job.ended_at is not None}
    yield gauge("touchbase_job_last_end_timestamp_seconds", "When a job last ended.", ("job",), ended.items())


def one(name: str, text: str, labels: dict[str, str], value: float) -> Metric:
    """A gauge with one value."""
    return gauge(name, text, tuple(labels), [(tuple(labels.values()), value)])


def gauge(name: str, text: str, labels: tuple[str, ...], values: Numbers) -> Metric:
    """A number that rises and falls."""
    made = GaugeMetricFamily(name, text, labels=labels)
    for key, value in sorted(values):
        made.add_metric(key, value)
    return made


def counter(name: str, text: str, labels: tuple[str, ...], values: Numbers) -> Metric:
    """A number that only rises; Prometheus adds `_total` to its name."""
    made = CounterMetricFamily(name, text, labels=labels)
    for key, value in sorted(values):
        made.add_metric(key, value)
    return made
