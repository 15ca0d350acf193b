"""Temperature and wind of a model that follows the terrain, brought to levels of pressure.

    python vertical_regridding.py                      # checks itself, and draws vertical_regridding.png
    python vertical_regridding.py --output other.png

The model has its levels at other pressures in every column: the higher the ground, the closer they are together. Each
column is interpolated between its own levels, all of them in one call, for temperature and wind at once. Below the
ground there is nothing to interpolate, and the result is NaN; the means with the areas of the grid's cells leave that
out.
"""

import argparse
import time

import numpy as np
import xarray as xr

import ndgpu
import ndgpu.xarray

#: Pressures to interpolate to, in hPa.
PRESSURES = np.arange(1000.0, 75, -25)


def model(latitudes, longitudes, levels):
    """The fields on the model's levels, counted from the top, with the pressure there as a coordinate."""
    lat = xr.DataArray(np.linspace(-60, 60, latitudes), dims="lat", attrs={"units": "degrees_north"})
    lon = xr.DataArray(np.linspace(0, 360, longitudes, endpoint=False), dims="lon", attrs={"units": "degrees_east"})
    ridge = 4500 * np.exp(-(((lon - 90) / 18) ** 2) - ((lat - 30) / 14) ** 2)
    range_of_hills = 2500 * np.exp(-(((lon - 290) / 8) ** 2) - ((lat + 20) / 35) ** 2)
    terrain = (ridge + range_of_hills).round()
    surface = 1013.25 * np.exp(-terrain / 8000)
    # Hybrid levels: of pressure at the top, and more and more of the surface's pressure further down.
    eta = xr.DataArray(np.linspace(0, 1, levels + 1)[1:] ** 1.2, dims="level")
    pressure = 1013.25 * 0.03 + (eta**1.5) * (surface - 1013.25 * 0.03) + 150 * (eta - eta**1.5)
    pressure = pressure.transpose("level", "lat", "lon").assign_attrs(units="hPa", long_name="pressure")
    return xr.Dataset(
        {
            "temperature": temperature_at(pressure, lat, lon).assign_attrs(units="K"),
            "wind": wind_at(pressure, lat).assign_attrs(units="m/s"),
            "terrain": terrain.transpose("lat", "lon").assign_attrs(units="m"),
        },
        coords={"lat": lat, "lon": lon, "level": np.arange(1, levels + 1), "pressure": pressure},
    ).transpose("level", "lat", "lon")


def temperature_at(pressure, lat, lon):
    """What the atmosphere is like, whatever levels a model has."""
    waves = 4 * np.sin(np.deg2rad(3 * lon)) * np.cos(np.deg2rad(lat))
    tropopause = 215 + 5 * np.cos(np.deg2rad(2 * lat))
    below = 300 - 40 * np.sin(np.deg2rad(lat)) ** 2 + waves + 62 * np.log(pressure / 1013.25)
    return np.logaddexp(below, tropopause)


def wind_at(pressure, lat):
    jets = np.exp(-(((abs(lat) - 38) / 12) ** 2) - (np.log(pressure / 220) / 0.7) ** 2)
    return 45 * jets - 6 * np.exp(-((lat / 12) ** 2))


def check(data, regridded):
    """Some columns as NumPy has them, all of them as the atmosphere is, and NaN where the ground is."""
    for lat, lon in np.ndindex(3, 4):
        column = {"lat": 7 * lat, "lon": 11 * lon}
        for name in ("temperature", "wind"):
            before, after = data[name].isel(column), regridded[name].isel(column)
            want = np.interp(PRESSURES, before.pressure, before, left=np.nan, right=np.nan)
            np.testing.assert_allclose(after, want, rtol=1e-12)
    lowest, highest = data.pressure.max("level"), data.pressure.min("level")
    there = (regridded.pressure <= lowest) & (regridded.pressure >= highest)
    assert (regridded.temperature.notnull() == there).all() and 0.5 < there.mean() < 1
    truth = temperature_at(regridded.pressure, data.lat, data.lon)
    error = float(abs(regridded.temperature - truth).max())
    assert error < 1, f"{error} K from the atmosphere"
    return error


def draw(data, regridded, means, path):
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    lat = float(data.lat.sel(lat=30, method="nearest"))
    before, after = data.sel(lat=lat), regridded.sel(lat=lat)
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 5), layout="constrained", width_ratios=[5, 5, 3])
    colours = {"cmap": "RdYlBu_r", "vmin": 205, "vmax": 305, "shading": "nearest"}

    left.pcolormesh(before.lon, before.level, before.temperature, **colours)
    lines = left.contour(
        before.lon, before.level, before.pressure, [100, 200, 300, 500, 700, 850, 1000], colors="k", linewidths=0.8
    )
    left.clabel(lines, fmt="%d hPa", fontsize=8)
    left.set(title=f"Before: on the model's levels, at {lat:.0f}°N", xlabel="longitude in °E", ylabel="level")
    left.invert_yaxis()

    middle.set_facecolor("0.45")
    cells = middle.pcolormesh(after.lon, after.pressure, after.temperature, **colours)
    middle.plot(before.lon, before.pressure.max("level"), "k", linewidth=1)
    middle.text(90, 960, "ground", ha="center", color="w")
    middle.set(title="After: on levels of pressure", xlabel="longitude in °E", ylabel="pressure in hPa")
    middle.invert_yaxis()
    figure.colorbar(cells, ax=[left, middle], label="temperature in K")

    for name, colour in (("temperature", "C3"), ("wind", "C0")):
        axes = right if name == "temperature" else right.twiny()
        axes.plot(means[name], means.pressure, "o-", color=colour)
        axes.set_xlabel(f"{name} in {data[name].units}", color=colour)
    right.set(ylabel="pressure in hPa", ylim=middle.get_ylim())
    right.text(0.5, 0.04, "means by area,\nof what is above ground", transform=right.transAxes, ha="center")
    figure.savefig(path, dpi=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="vertical_regridding.png", help="where to draw")
    parser.add_argument("--latitudes", type=int, default=121)
    parser.add_argument("--longitudes", type=int, default=240)
    parser.add_argument("--levels", type=int, default=60)
    arguments = parser.parse_args()

    data = model(arguments.latitudes, arguments.longitudes, arguments.levels)
    print(f"{data.lat.size * data.lon.size:,} columns of {data.level.size} levels, on {ndgpu.get_device().name}")
    started = time.perf_counter()
    regridded = ndgpu.xarray.interp(data, PRESSURES, "level", coord="pressure")
    seconds = time.perf_counter() - started
    print(regridded)
    print(f"Temperature and wind at {len(PRESSURES)} pressures in {1e3 * seconds:.0f} ms.")
    means = ndgpu.xarray.weighted_mean(regridded[["temperature", "wind"]], np.cos(np.deg2rad(data.lat)), ["lat", "lon"])
    print(means.to_dataframe().iloc[::6].round(1))
    print(f"Checked against NumPy; at most {check(data, regridded):.2f} K from the atmosphere.")
    draw(data, regridded, means, arguments.output)
    print(f"Drawn to {arguments.output}.")


if __name__ == "__main__":
    main()
