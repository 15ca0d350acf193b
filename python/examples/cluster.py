"""Sensor readings that no process could hold, calibrated and averaged on a cluster of workers.

    python cluster.py                                # on this machine, with 1 worker and then with 2
    python cluster.py --scheduler tcp://host:8786    # on workers that are there already, each with ndgpu installed

Every worker generates its blocks of readings, looks them up in a calibration table and adds them up with their weights,
on the device that NDGPU_DEVICE names in its environment. What moves is the table, once to each worker, and the sums of
the blocks. Some sensors are computed again with NumPy, and have to agree.
"""

import argparse
import os
import time
from dataclasses import dataclass
from functools import partial

import dask
import dask.array as da
import distributed
import numpy as np

import ndgpu.dask

SENSORS_IN_BLOCK = 4


def readings_of(block_info):
    """A block of readings: counts of a converter, a function of nothing but their place."""
    (top, bottom), (first, last) = block_info[None]["array-location"]
    generator = np.random.default_rng([top, first])
    counts = generator.integers(0, 1 << 16, size=(bottom - top, last - first), dtype=np.uint16)
    return counts.astype(np.float64)


def calibration(knots):
    """What a sensor reads, and what that means: the temperature of a thermistor, by its beta equation."""
    counts = np.linspace(1, (1 << 16) - 2, knots)
    return counts, 1 / (1 / 298.15 + np.log(counts / ((1 << 16) - 1 - counts)) / 3950)


def weights_of(samples, block_info):
    """A block of weights: a sample counts less and less, the older it is."""
    ((first, last),) = block_info[None]["array-location"]
    return np.exp(np.arange(first, last) / samples - 1)


@dataclass
class Size:
    """How much there is to do."""

    sensors: int
    samples: int
    block: int
    knots: int

    @property
    def gigabytes(self):
        return self.sensors * self.samples * 8 / 1e9

    def averages(self):
        """The average temperature of each sensor, as a graph."""
        readings = self.made_there(readings_of, (SENSORS_IN_BLOCK, self.block), (self.sensors, self.samples))
        weights = self.made_there(partial(weights_of, self.samples), (self.block,), (self.samples,))
        temperatures = ndgpu.dask.interp(readings, *calibration(self.knots))
        return ndgpu.dask.average(temperatures, axis=1, weights=weights)

    def made_there(self, function, block, shape):
        # Made by map_blocks, not by da.arange and the like, whose blocks would travel to the workers that need them.
        chunks = da.core.normalize_chunks(block, shape)
        return da.map_blocks(function, chunks=chunks, dtype=np.float64, meta=np.empty((0,) * len(shape)))

    def check(self, averages):
        """Compares some sensors with what NumPy makes of them."""
        for top in {0, (self.sensors - 1) // SENSORS_IN_BLOCK * SENSORS_IN_BLOCK}:
            rows = (top, min(top + SENSORS_IN_BLOCK, self.sensors))
            firsts = range(0, self.samples, self.block)
            places = ([rows, (first, min(first + self.block, self.samples))] for first in firsts)
            readings = [readings_of({None: {"array-location": place}}) for place in places]
            temperatures = np.interp(np.concatenate(readings, axis=1), *calibration(self.knots))
            weights = weights_of(self.samples, {None: {"array-location": [(0, self.samples)]}})
            want = np.average(temperatures, axis=1, weights=weights)
            np.testing.assert_allclose(averages[slice(*rows)], want, rtol=1e-12)


def looked_at(dask_worker):
    """What a worker says of itself: its device, the processor time it took, and what came to it from other workers."""
    log = dask_worker.transfer_incoming_log
    tables = sum(str(key).startswith("ndgpu-table") for entry in log for key in entry["keys"])
    return ndgpu.get_device().name, time.process_time(), tables, sum(entry["total"] for entry in log)


def run(client, size):
    """Computes with a progress bar; gives what there is to say about it, in columns."""
    before = client.run(looked_at)  # which opens the devices
    started = time.perf_counter()
    future = client.compute(size.averages())
    distributed.progress(future, notebook=False)
    averages = future.result()
    seconds = time.perf_counter() - started
    print()
    size.check(averages)
    after = client.run(looked_at)
    took = [[now - then for now, then in zip(after[worker][1:], before[worker][1:])] for worker in after]
    busy, tables, moved = zip(*took)
    return (
        f"{len(after)}",
        f"{seconds:.1f}",
        f"{max(busy):.1f}",
        f"{size.sensors * size.samples / seconds / 1e6:.0f}",
        f"{sum(tables)}",
        f"{sum(moved) / 1e3:.0f}",
        f"{averages.nbytes / 1e3:.1f}",
        ", ".join(sorted({device for device, *_ in after.values()})),
    )


def on_this_machine(workers, size):
    """A cluster of its own: processes of one thread, so that a worker is a core."""
    environment = {"RAYON_NUM_THREADS": "1", "NDGPU_DEVICE": os.environ.get("NDGPU_DEVICE", "cpu")}
    with (
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, env=environment
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(workers)
        return run(client, size)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scheduler", help="address of a scheduler whose workers are to be used")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="numbers of workers to try, here")
    parser.add_argument("--sensors", type=int, default=64)
    parser.add_argument("--samples", type=int, default=2_000_000, help="readings of each sensor")
    parser.add_argument("--block", type=int, default=250_000, help="readings of each sensor in a block")
    parser.add_argument("--knots", type=int, default=4096, help="length of the calibration table")
    arguments = parser.parse_args()
    size = Size(arguments.sensors, arguments.samples, arguments.block, arguments.knots)

    print(f"{size.sensors} sensors, {size.samples:,} readings each: {size.gigabytes:.1f} GB. dask {dask.__version__}")
    if arguments.scheduler:
        with distributed.Client(arguments.scheduler) as client:
            rows = [run(client, size)]
    else:
        rows = [on_this_machine(workers, size) for workers in arguments.workers]
    head = (
        "workers",
        "s",
        "CPU s of one",
        "million/s",
        "tables moved",
        "kB between workers",
        "kB to the client",
        "device",
    )
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    for row in (head, *rows):
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths)))
    print("Checked against NumPy.")


if __name__ == "__main__":
    main()
