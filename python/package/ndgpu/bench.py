"""``python -m ndgpu.bench``: NumPy and ndgpu on your own machine, as a table and a chart.

Every result is checked against NumPy's before its time counts. The arms of a row take turns, and a row tells medians,
so that other programs disturb all of them alike. "Drop-in" is a call of ndgpu's function from array to array,
everything included; "on the device" is the same work on data that lie there already, with a table that is made already,
until it is done there.

``--frameworks`` compares ndgpu's bridges with what TensorFlow, JAX and PyTorch have of their own instead, those of them
that are installed, inside each framework and with its compilers.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import ndgpu

from ._framework_cases import CASES, MATRIX, QUERIES, FrameworkCase, installed

Call = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """Something to compute: with NumPy, with ndgpu's function, and on the device."""

    name: str
    elements: int
    numpy: Call
    drop_in: Call
    on_device: Call
    landed: Call
    tolerance: float
    bar: float | None = None


@dataclass(frozen=True)
class Row:
    """What a case took, in seconds; medians."""

    name: str
    elements: int
    numpy: float
    drop_in: float
    on_device: float
    bar: float | None

    @property
    def ratio(self) -> float:
        """How many times as fast as NumPy the drop-in call is."""
        return self.numpy / self.drop_in


@dataclass(frozen=True)
class FrameworkRow:
    """What a case took inside a framework, in seconds; medians."""

    name: str
    framework: str
    ours: float
    peers: dict[str, float]
    absent: dict[str, str]
    bar: float

    @property
    def ratio(self) -> float:
        """How many times as fast as the fastest peer ndgpu is."""
        return min(self.peers.values()) / self.ours


def interpolation(device: ndgpu.Device, queries: int, knots: int, bar: float | None = None) -> Case:
    """Random queries among unevenly spaced knots, in float64."""
    random = np.random.default_rng(1)
    xp = np.cumsum(random.uniform(0.5, 1.5, knots))
    fp = random.normal(size=knots)
    x = random.uniform(xp[0] - 1, xp[-1] + 1, queries)
    dtype = np.float64 if device.supports_float64 else np.float32
    table = ndgpu.InterpTable(xp, fp, dtype=dtype, device=device)
    there = device.upload(x, dtype=dtype)

    def on_device() -> ndgpu.DeviceArray:
        result = table.interp(there)
        device.synchronize()
        return result

    return Case(
        f"interp, {queries:,} queries, {knots:,} knots",
        queries,
        lambda: np.interp(x, xp, fp),
        lambda: ndgpu.interp(x, xp, fp, device=device if device.supports_float64 else None),
        on_device,
        lambda: on_device().numpy(),
        1e-12 if device.supports_float64 else 1e-3,
        bar,
    )


def averaging(
    device: ndgpu.Device, shape: tuple[int, int], axis: int, weighted: bool, bar: float | None = None
) -> Case:
    """Averages of random numbers, in float64."""
    random = np.random.default_rng(2)
    a = random.normal(1.0, 1.0, shape)
    weights = random.uniform(0.1, 1.0, shape[axis]) if weighted else None
    dtype = np.float64 if device.supports_float64 else np.float32
    there = device.upload(a, dtype=dtype)
    weights_there = None if weights is None else device.upload(weights, dtype=dtype)

    def on_device() -> ndgpu.DeviceArray:
        result = there.average(axis, weights_there)
        device.synchronize()
        return result

    return Case(
        f"average, {shape[0]:,} x {shape[1]:,}, axis {axis}, {'weights' if weighted else 'no weights'}",
        a.size,
        lambda: np.average(a, axis, weights),
        lambda: ndgpu.average(a, axis, weights, device=device if device.supports_float64 else None),
        on_device,
        lambda: on_device().numpy(),
        1e-10 if device.supports_float64 else 1e-3,
        bar,
    )


def cases(device: ndgpu.Device, quick: bool) -> Iterator[Case]:
    """Made one after another: each has hundreds of megabytes."""
    many = 1_000_000 if quick else 10_000_000
    # The bars are those of the CPU engine: a call has little overhead beside NumPy's, and what there is to gain is gained.
    on_cpu = device.kind == "native CPU engine"
    for queries in (10, 1_000, 100_000, many):
        for knots in (16, 1_024, 65_536):
            few = {10: 1 / 1.5, 1_000: 1.0}.get(queries)
            bar = {(10_000_000, 65_536): 30.0}.get((queries, knots), few) if on_cpu else None
            yield interpolation(device, queries, knots, bar)
    rows = 1_000 if quick else 10_000
    for axis in (1, 0):
        for weighted in (True, False):
            bar = 4.0 if on_cpu and weighted and axis == 1 and not quick else None
            yield averaging(device, (rows, 1_000), axis, weighted, bar)


def check(case: Case) -> None:
    """Whether all arms give what NumPy gives."""
    expected = case.numpy()
    arms: dict[str, Call] = {"drop-in": case.drop_in, "on the device": case.landed}
    for arm, call in arms.items():
        if not np.allclose(call(), expected, rtol=case.tolerance, atol=case.tolerance, equal_nan=True):
            raise SystemExit(f'{case.name}: the result of the arm "{arm}" is not NumPy\'s')


def check_framework(case: FrameworkCase) -> None:
    """Whether the peers give what ndgpu gives."""
    ours = case.arrays(case.ours())
    for peer, call in case.peers.items():
        for actual, expected in zip(ours, case.arrays(call()), strict=True):
            size = float(np.abs(expected).max())
            if not np.allclose(actual, expected, rtol=case.tolerance, atol=case.tolerance * size):
                raise SystemExit(f'{case.name}: ndgpu in {case.framework} does not give what "{peer}" does')


def measure(case: Case, seconds: float) -> Row:
    """All arms of a case."""
    numpy, drop_in, on_device = medians([case.numpy, case.drop_in, case.on_device], seconds)
    return Row(case.name, case.elements, numpy, drop_in, on_device, case.bar)


def measure_framework(case: FrameworkCase, seconds: float) -> FrameworkRow:
    """All arms of a case."""
    ours, *peers = medians([case.ours, *case.peers.values()], seconds)
    return FrameworkRow(case.name, case.framework, ours, dict(zip(case.peers, peers)), case.absent, case.bar)


def medians(arms: list[Call], seconds: float) -> list[float]:
    """Arms in turns, until the time is over but at least three times; short calls many at a time."""
    repeats = [_repeats(arm) for arm in arms]
    times: list[list[float]] = [[] for _ in arms]
    end = time.perf_counter() + seconds
    while len(times[0]) < 3 or (time.perf_counter() < end and len(times[0]) < 100):
        for arm, count, taken in zip(arms, repeats, times, strict=True):
            start = time.perf_counter()
            for _ in range(count):
                arm()
            taken.append((time.perf_counter() - start) / count)
    return [statistics.median(taken) for taken in times]


def _repeats(call: Call) -> int:
    """How many calls take about two milliseconds."""
    start = time.perf_counter()
    call()
    return max(1, int(0.002 / max(time.perf_counter() - start, 1e-7)))


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale or unit == "us":
            return f"{seconds / scale:.3g} {unit}"
    raise AssertionError


def _verdict(ratio: float, bar: float | None) -> str:
    return "" if bar is None else f"{bar:.3g}: {'reached' if ratio >= bar else 'missed'}"


def table(rows: list[Row]) -> str:
    """Markdown."""
    lines = ["| | NumPy | ndgpu, drop-in | times as fast | on the device | bar |", "|---|--:|--:|--:|--:|--:|"]
    for row in rows:
        bar = _verdict(row.ratio, row.bar)
        cells = (row.name, _time(row.numpy), _time(row.drop_in), f"{row.ratio:.3g}", _time(row.on_device), bar)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def framework_table(rows: list[FrameworkRow]) -> str:
    """Markdown, with a line for each peer."""
    lines = ["| | in | its own | | ndgpu | times as fast | bar |", "|---|---|---|--:|--:|--:|--:|"]
    for row in rows:
        for peer, taken in row.peers.items():
            ratio = taken / row.ours
            cells = (row.name, row.framework, peer, _time(taken), _time(row.ours), f"{ratio:.3g}")
            lines.append(f"| {' | '.join(cells)} | {_verdict(ratio, row.bar)} |")
        for peer, reason in row.absent.items():
            lines.append(f"| {row.name} | {row.framework} | {peer} | {reason} | {_time(row.ours)} | | |")
    return "\n".join(lines)


#: What bars show: a label, a colour, and how many times as fast in each row.
Series = tuple[str, str, NDArray[Any]]


def chart(names: list[str], series: list[Series], than: str, title: str, path: Path) -> None:
    """How many times as fast as something each call is, as bars."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 0.42 * len(names) + 1.6), layout="constrained")
    places = np.arange(len(names))[::-1]
    width = 0.76 / len(series)
    for index, (label, color, ratios) in enumerate(series):
        shift = (len(series) - 1) * width / 2 - index * (width + 0.02)
        # From the line on, to the right where ndgpu is faster and to the left where it is slower.
        axes.barh(places + shift, ratios - 1, width, left=1, label=label, color=color)
        for place, value in zip(places, ratios):
            side = "left" if value >= 1 else "right"
            axes.annotate(
                f"{value:.2g}",
                (value, place + shift),
                (3 if value >= 1 else -3, 0),
                textcoords="offset points",
                va="center",
                ha=side,
                fontsize=7,
            )
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_yticks(places, names, fontsize=8)
    axes.set_xscale("log")
    least, most = (float(pick([pick(ratios) for _, _, ratios in series])) for pick in (np.min, np.max))
    axes.set_xlim(min(0.5, least / 1.6), max(2.0, most * 1.6))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel(f"times as fast as {than} (right of the line: faster)")
    axes.set_title(title, fontsize=9)
    axes.legend(fontsize=8, loc="upper right")
    figure.savefig(path)
    pyplot.close(figure)


def series_of(rows: list[Row]) -> list[Series]:
    """The bars of the comparison with NumPy."""
    return [
        ("drop-in call, from array to array", "#2a6f97", np.array([row.ratio for row in rows])),
        ("on data that are on the device", "#a9d6e5", np.array([row.numpy / row.on_device for row in rows])),
    ]


def main(arguments: list[str] | None = None) -> None:
    """Measures, prints the table and writes the chart."""
    parser = argparse.ArgumentParser(prog="python -m ndgpu.bench", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--device", help="cpu, gpu, software or part of a name; else the fastest, or NDGPU_DEVICE")
    parser.add_argument("--quick", action="store_true", help="a tenth of the data")
    parser.add_argument(
        "--frameworks",
        nargs="*",
        choices=list(CASES),
        metavar="FRAMEWORK",
        help=f"compare inside frameworks instead: {', '.join(CASES)}; without a name all that are installed",
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="for each row (default: 2)")
    parser.add_argument("--chart", type=Path, default=Path("ndgpu-bench.svg"), help="where to (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    chosen = parser.parse_args(arguments)

    device = ndgpu.Device(chosen.device)
    title = f"{device.name}, NumPy {np.__version__}, Python {platform.python_version()}, {platform.machine()}"
    print(f"{title}\n", flush=True)
    if chosen.frameworks is None:
        with_numpy(device, title, chosen)
    else:
        ndgpu.set_device(device)
        with_frameworks(chosen.frameworks or installed(), title, chosen)


def with_numpy(device: ndgpu.Device, title: str, chosen: argparse.Namespace) -> None:
    """The comparison with NumPy."""
    rows = []
    for case in cases(device, chosen.quick):
        check(case)
        rows.append(measure(case, chosen.seconds))
        print(f"  {rows[-1].name}: {rows[-1].ratio:.3g} times as fast as NumPy", file=sys.stderr, flush=True)
    print(table(rows))
    _write(chosen, [row.name for row in rows], rows, series_of(rows), "NumPy", title)


def with_frameworks(names: list[str], title: str, chosen: argparse.Namespace) -> None:
    """The comparison inside frameworks."""
    if not names:
        raise SystemExit(f"none of {', '.join(CASES)} is installed here: pip install one of them")
    queries, matrix = (QUERIES // 10, (MATRIX[0] // 10, MATRIX[1])) if chosen.quick else (QUERIES, MATRIX)
    rows = []
    for name in names:
        for case in CASES[name](queries, matrix):
            check_framework(case)
            rows.append(measure_framework(case, chosen.seconds))
            print(f"  {case.framework}, {case.name}: {rows[-1].ratio:.3g} times as fast", file=sys.stderr, flush=True)
    print(framework_table(rows))
    series = [("than the fastest of its own", "#2a6f97", np.array([row.ratio for row in rows]))]
    labels = [f"{row.framework}: {row.name}" for row in rows]
    _write(chosen, labels, rows, series, "the framework's own", title)


def _write(
    chosen: argparse.Namespace,
    names: list[str],
    rows: list[Row] | list[FrameworkRow],
    series: list[Series],
    than: str,
    title: str,
) -> None:
    """The figures and the chart, where they are wanted."""
    if chosen.json is not None:
        figures = [asdict(row) | {"ratio": row.ratio} for row in rows]
        chosen.json.write_text(json.dumps({"machine": title, "rows": figures}, indent=1))
    try:
        chart(names, series, than, title, chosen.chart)
        print(f"\nchart: {chosen.chart}")
    except ModuleNotFoundError:
        print("\nfor the chart: pip install matplotlib")


if __name__ == "__main__":
    main()
