//! For users of NumPy, SciPy and TensorFlow: their calls beside ndgpu's, and what is copied when.
//!
//! In the tables `a` and `x` are a [`DeviceArray`], `w` one of weights; `tfp` is TensorFlow Probability. Every
//! operation returns a [`Result`], which the tables leave out.
//!
//! # Devices and copies
//!
//! | NumPy, TensorFlow | ndgpu | what is copied |
//! |---|---|---|
//! | `with tf.device("/GPU:0"):` | [`let device = Device::gpu()?`][gpu]; arrays belong to the device that they were uploaded to | nothing |
//! | `with tf.device("/CPU:0"):` | [`let device = Device::cpu()`][cpu] | nothing |
//! | `tf.config.list_physical_devices()` | [`Device::available()`][available] | nothing |
//! | `tf.constant(host)` | [`device.upload(&host)`][upload], of any layout: `host.slice(s![..;-1])`, `host.t()`, `row.broadcast((n, m))`, or a slice or vector | all bytes, once |
//! | `variable.assign(host)` | [`a.overwrite(&host)`][overwrite] | all bytes, once |
//! | `tensor.numpy()` | [`a.readback().wait()`][readback], or `.await`; then [`host.view()`][view] | all bytes, once; on the CPU engine nothing |
//! | the same, and the tensor is not needed any more | [`a.into_readback().wait()`][into_readback] | nothing where host and device share memory |
//! | `np.array(tensor)` | [`host.into_array()`][into_array] on what a readback gave | once more, into an array of its own |
//! | `tf.identity(a)` on another device | [`a.to_device(&other)`][to_device] | to the host and on |
//! | `a.reshape(..)`, `tf.reshape` | [`a.reshape((3, 4))`][reshape] | nothing |
//! | `a[:, np.newaxis]`, `keepdims=True` | [`a.insert_axis(Axis(1))`][insert_axis], after the reduction | nothing |
//! | `b = a` | `a.clone()`: both share the values | nothing |
//! | `@tf.function`, called again and again | [`device.capture(&x, \|x\| ..)`][capture], then `plan.write(&host)`, `plan.replay()` | what is written, once |
//! | `tf.data.Dataset`, a loop over batches | [`device.stream(chunks, \|x\| ..)`][stream] | each chunk in, each result out |
//! | `tf.distribute.MirroredStrategy` | [`Devices::map_rows`](crate::Devices::map_rows) | each row to one device, and back |
//!
//! Nothing else moves data. No operation takes a host array in place of a device array, none brings a result to the
//! host by itself, and operands on two devices are [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch), not a copy.
//! [`Device::transfers`](crate::Device::transfers) counts what was moved.
//!
//! There is no slicing and no arithmetic on the device: slice and broadcast the host's view, and upload that.
//!
//! # Interpolation
//!
//! A table is prepared once and asked many times.
//!
//! | NumPy, SciPy | TensorFlow | ndgpu |
//! |---|---|---|
//! | `np.interp(x, xp, fp)` | | [`InterpTable::new(&device, &xp, &fp)`][table], then [`table.interp(&x)`][interp], or [`table.interp_into(&x, &mut out)`][interp_into] |
//! | `left=`, `right=` | `fill_value_below=`, `fill_value_above=` | [`InterpTable::builder(&xp, &fp)`][builder][`.left(v)`][left][`.right(v)`][right]`.build(&device)` |
//! | `period=` | | [`.period(p)`][period] |
//! | `interp1d(xp, fp, fill_value="extrapolate")` | `fill_value="extrapolate"` | [`.extrapolate()`][extrapolate] |
//! | `interp1d(.., kind="nearest")`, `"previous"`, `"next"` | | [`.method(Method::Nearest)`][method], `Previous`, `Next` |
//! | `xp` in any order: `interp1d` sorts it | | [`.order(Order::Sort)`][order] |
//! | `np.interp(x, xp[::-1], fp[::-1])` | | [`.order(Order::Descending)`][order] |
//! | `np.interp(x, xp[ok], fp[ok])` with `ok = ~np.isnan(fp)` | | [`.skip_missing()`][skip_missing], each of several tables by its own gaps |
//! | | `tfp.math.interp_regular_1d_grid(x, min, max, fp)` | the same tables with `xp = Array1::linspace(min, max, n)`; evenly spaced knots need next to no search |
//! | a loop over tables | `tfp.math.batch_interp_regular_1d_grid`: `x` is `[tables, m]`, `y_ref` is `[tables, n]` | [`table.interp_rows(&x)`][interp_rows]; `xp` may be `[n]` or `[tables, n]` |
//! | the same `x` for every table | `interp_regular_1d_grid` with `y_ref` of two axes | [`table.interp_rows(&x)`][interp_rows] with `x` of `[m]` |
//! | knots and values that are on the device already | | [`InterpTable::from_device(&xp, &fp)`][from_device], or [`InterpTable::device_builder(&xp, &fp)`][device_builder]`.build()` with any of these options; checked and sorted there |
//! | other values, the same knots | | [`table.with_values(&fp)`][with_values], `fp` from the device |
//!
//! # Gradients
//!
//! There is no tape: what a framework records, a program says itself, or a framework's own rules call these.
//!
//! | JAX, TensorFlow, SciPy | ndgpu |
//! |---|---|
//! | `jax.vjp(jnp.interp, x, xp, fp)[1](g)`, `tape.gradient` | [`table.interp_vjp(&x, &g, Wanted::X \| Wanted::FP)`][interp_vjp] |
//! | `jax.jvp(jnp.interp, (x, xp, fp), (dx, dxp, dfp))` | [`table.interp_jvp(&x, Tangents { .. })`][interp_jvp] |
//! | `jax.vmap(jax.grad(f))(x)`, `PPoly.derivative()(x)`, which extrapolates | [`table.derivative(&x)`][derivative], [`table.interp_with_derivative(&x)`][interp_with_derivative] |
//! | weights computed once, `W @ fp` for many `fp` | [`table.locate(&x)`][locate], then [`at.apply(&fp)`][apply] |
//! | `W.T @ g`, `np.add.at`, `tf.math.unsorted_segment_sum` | [`at.transpose_apply(&g)`][transpose_apply]: no atomics of floats, the same bits on every run |
//! | an average of interpolated rows, and its gradient | [`at.apply_average(&fp, Axis(1), &w)`][apply_average], [`at.transpose_apply_average(Axis(1), &w, &g)`][transpose_apply_average]: the rows are never written |
//! | `scipy.sparse.csr_matrix((data, indices, indptr))` | [`at.to_csr()`][to_csr] |
//!
//! # Searching
//!
//! | NumPy | TensorFlow | ndgpu |
//! |---|---|---|
//! | `np.searchsorted(knots, x)` | `tf.searchsorted(knots, x)` | [`Knots::new(&device, &knots)`][knots], then [`knots.searchsorted(&x, Side::Left)`][searchsorted] |
//! | `side="right"` | `side="right"` | `Side::Right` |
//! | `np.digitize(x, edges)` | `tf.keras.layers.Discretization(edges)(x)` | [`knots.digitize(&x, false)`][digitize] |
//! | `np.digitize(x, edges, right=True)` | | `knots.digitize(&x, true)` |
//!
//! Indices are `u32`, where NumPy has `int64`.
//!
//! # Averages and other reductions
//!
//! | NumPy | TensorFlow | ndgpu |
//! |---|---|---|
//! | `np.average(a, axis=1, weights=w)` | `tf.nn.weighted_moments(a, [1], w)[0]` | [`a.average_axis(Axis(1), &w)`][average_axis] |
//! | `returned=True` | | [`a.average_axis_returned(Axis(1), &w)`][average_axis_returned]: a pair |
//! | `np.average(a, axis=(2, 0), weights=w)` | | [`a.average_axes(&[Axis(2), Axis(0)], &w)`][average_axes] |
//! | `np.average(a, weights=w)` | | [`a.average(&w)`][average] |
//! | `np.sum(a * w, axis=1)` | `tf.linalg.matvec(a, w)` | [`a.weighted_sum_axis(Axis(1), &w)`][weighted_sum_axis] |
//! | `a.sum(axis=1)` | `tf.math.reduce_sum(a, 1)` | [`a.sum_axis(Axis(1))`][sum_axis] |
//! | `a.mean(axis=1)`, `np.average(a, axis=1)` | `tf.math.reduce_mean(a, 1)` | [`a.mean_axis(Axis(1))`][mean_axis] |
//! | `a.var(axis=1)`, `a.std(axis=1)` | `tf.math.reduce_variance`, `reduce_std` | [`a.var_axis(Axis(1), 0.0)`][var_axis], [`a.std_axis(Axis(1), 0.0)`][std_axis] |
//! | `a.var(axis=1, ddof=1)` | | `a.var_axis(Axis(1), 1.0)` |
//! | | `tf.nn.moments(a, [1])` | `a.mean_axis(Axis(1))` and `a.var_axis(Axis(1), 0.0)` |
//! | `a.min(axis=1)`, `a.max(axis=1)` | `tf.math.reduce_min`, `reduce_max` | [`a.min_axis(Axis(1))`][min_axis], [`a.max_axis(Axis(1))`][max_axis] |
//! | `a.argmin(axis=1)`, `a.argmax(axis=1)` | `tf.argmin(a, 1)`, `tf.argmax(a, 1)` | [`a.argmin_axis(Axis(1))`][argmin_axis], [`a.argmax_axis(Axis(1))`][argmax_axis] |
//! | `axis=None` | no axis | [`a.sum()`][sum], `a.mean()`, `a.var(0.0)`, `a.max()`, [`a.argmax()`][argmax] and so on |
//! | `axis=(0, 2)` | `axis=[0, 2]` | [`a.sum_axes(&[Axis(0), Axis(2)])`][sum_axes] and so on |
//! | `np.nansum`, `nanmean`, `nanvar`, `nanstd`, `nanmin`, `nanmax` | | [`a.skip_nan()`][skip_nan]`.sum_axis(Axis(1))` and so on |
//! | `np.ma.average` with NaN masked | | `a.skip_nan().average_axis(Axis(1), &w)` |
//! | the same, where a row may have nothing | | [`a.skip_nan().average_axis_or(Axis(1), &w, fill)`][average_axis_or] |
//! | `scipy.stats.zscore(a, axis=0)` | | [`a.standardize_axis(Axis(0), 0.0)`][standardize_axis] |
//! | | `tape.gradient(y, [a, w], output_gradients=g)` of a weighted average | [`a.average_axis_vjp(Axis(1), &w, &g)`][average_axis_vjp]: a pair |
//! | | the same of `reduce_sum` and so on | [`a.sum_axis_vjp(Axis(1), &g)`][sum_axis_vjp], and so on for `mean`, `var`, `std`, `weighted_sum` and `standardize`; over several axes [`a.sum_axes_vjp(&axes, &g)`][sum_axes_vjp] |
//!
//! Axes count from 0 and have no negative numbers. Weights have the length of the axis, or the array's own shape; as in
//! NumPy they do not broadcast. `skip_nan` goes with all of these but `argmin`, `argmax` and `standardize_axis`.
//!
//! Where results differ from NumPy's, and why, is in [one table](crate#differences-from-numpy). TensorFlow keeps a tape
//! and differentiates whatever it computed; here a backward pass is a call, from the cotangents `g` of a result to
//! those of its operands.
//!
//! # Side by side
//!
//! Irregular samples on a regular grid, averaged with weights:
//!
//! ```python
//! y = np.interp(x, xp, fp, left=np.nan)                               # x: [2, 3]
//! average = np.average(y, axis=1, weights=[1, 2, 1], keepdims=True)   # [2, 1]
//! ```
//!
//! ```
//! use ndarray::{Axis, arr1, arr2};
//! use ndgpu::{Device, InterpTable};
//!
//! let device = Device::cpu();
//! let (xp, fp) = ([0.0_f32, 1.0, 4.0], [0.0_f32, 10.0, 40.0]);
//! let x = device.upload(&arr2(&[[0.0_f32, 0.5, 1.0], [2.0, 3.0, 9.0]]))?;
//! let weights = device.upload(&arr1(&[1.0_f32, 2.0, 1.0]))?;
//!
//! let y = InterpTable::builder(&xp, &fp).left(f32::NAN).build(&device)?.interp(&x)?;
//! let average = y.average_axis(Axis(1), &weights)?.insert_axis(Axis(1))?;
//! assert_eq!(average.readback().wait()?.view(), arr2(&[[5.0], [30.0]]));
//! # Ok::<(), ndgpu::Error>(())
//! ```
//!
//! A batch of tables on a regular grid, a row of queries for each:
//!
//! ```python
//! y = tfp.math.batch_interp_regular_1d_grid(x, x_ref_min=[0., 0.], x_ref_max=[2., 2.], y_ref=y_ref)
//! best = tf.argmax(y, axis=1)
//! ```
//!
//! ```
//! use ndarray::{Array1, Axis, arr1, arr2};
//! use ndgpu::{Device, InterpTable};
//!
//! let device = Device::cpu();
//! let x_ref = Array1::linspace(0.0_f32, 2.0, 3);
//! let y_ref = arr2(&[[0.0_f32, 1.0, 0.0], [5.0, 3.0, 9.0]]);
//! let x = device.upload(&arr2(&[[0.5_f32, 1.0, 7.0], [-1.0, 0.5, 1.5]]))?;
//!
//! let y = InterpTable::new(&device, &x_ref, &y_ref)?.interp_rows(&x)?;
//! let best = y.argmax_axis(Axis(1))?;
//! assert_eq!(y.readback().wait()?.view(), arr2(&[[0.5, 1.0, 0.0], [5.0, 4.0, 6.0]]));
//! assert_eq!(best.readback().wait()?.view(), arr1(&[1, 2]));
//! # Ok::<(), ndgpu::Error>(())
//! ```
//!
//! Bins, and statistics that leave NaN out. Two readbacks, and only they move anything:
//!
//! ```python
//! bins = np.digitize(a, [0, 10, 20])
//! mean = np.nanmean(a, axis=0)
//! ```
//!
//! ```
//! use ndarray::{Axis, arr1, arr2};
//! use ndgpu::{Device, Knots};
//!
//! let device = Device::cpu();
//! let a = device.upload(&arr2(&[[5.0_f32, 10.0], [f32::NAN, 30.0]]))?;
//! let edges = Knots::new(&device, &[0.0_f32, 10.0, 20.0])?;
//!
//! let bins = edges.digitize(&a, false)?;
//! let mean = a.skip_nan().mean_axis(Axis(0))?;
//! assert_eq!(device.transfers().readbacks, 0);
//! assert_eq!(bins.readback().wait()?.view(), arr2(&[[1, 2], [3, 3]]));
//! assert_eq!(mean.readback().wait()?.view(), arr1(&[5.0, 20.0]));
//! assert_eq!(device.transfers().readback_bytes, 4 * 4 + 2 * 4);
//! # Ok::<(), ndgpu::Error>(())
//! ```
//!
//! More of this at work: `examples/quickstart.rs` (a time series), `interp_layer.rs` (tables computed on the device),
//! `weighted_average.rs` (errors), `digits.rs` (a batch of pictures, calibration) and `tone_curve.rs` (a photo).
//!
//! [`DeviceArray`]: crate::DeviceArray
//! [`Result`]: crate::Result
//! [gpu]: crate::Device::gpu
//! [cpu]: crate::Device::cpu
//! [available]: crate::Device::available
//! [capture]: crate::Device::capture
//! [stream]: crate::Device::stream
//! [upload]: crate::Device::upload
//! [overwrite]: crate::DeviceArray::overwrite
//! [readback]: crate::DeviceArray::readback
//! [into_readback]: crate::DeviceArray::into_readback
//! [view]: crate::HostArray::view
//! [into_array]: crate::HostArray::into_array
//! [to_device]: crate::DeviceArray::to_device
//! [reshape]: crate::DeviceArray::reshape
//! [insert_axis]: crate::DeviceArray::insert_axis
//! [table]: crate::InterpTable::new
//! [builder]: crate::InterpTable::builder
//! [from_device]: crate::InterpTable::from_device
//! [device_builder]: crate::InterpTable::device_builder
//! [left]: crate::InterpTableBuilder::left
//! [right]: crate::InterpTableBuilder::right
//! [period]: crate::InterpTableBuilder::period
//! [extrapolate]: crate::InterpTableBuilder::extrapolate
//! [method]: crate::InterpTableBuilder::method
//! [order]: crate::InterpTableBuilder::order
//! [skip_missing]: crate::InterpTableBuilder::skip_missing
//! [interp]: crate::InterpTable::interp
//! [interp_into]: crate::InterpTable::interp_into
//! [interp_rows]: crate::InterpTable::interp_rows
//! [with_values]: crate::InterpTable::with_values
//! [interp_vjp]: crate::InterpTable::interp_vjp
//! [interp_jvp]: crate::InterpTable::interp_jvp
//! [derivative]: crate::InterpTable::derivative
//! [interp_with_derivative]: crate::InterpTable::interp_with_derivative
//! [locate]: crate::InterpTable::locate
//! [apply]: crate::Located::apply
//! [transpose_apply]: crate::Located::transpose_apply
//! [to_csr]: crate::Located::to_csr
//! [apply_average]: crate::Located::apply_average
//! [transpose_apply_average]: crate::Located::transpose_apply_average
//! [knots]: crate::Knots::new
//! [searchsorted]: crate::Knots::searchsorted
//! [digitize]: crate::Knots::digitize
//! [average_axis]: crate::DeviceArray::average_axis
//! [average_axis_returned]: crate::DeviceArray::average_axis_returned
//! [average_axis_or]: crate::SkipNan::average_axis_or
//! [average_axes]: crate::DeviceArray::average_axes
//! [average]: crate::DeviceArray::average
//! [weighted_sum_axis]: crate::DeviceArray::weighted_sum_axis
//! [sum_axis]: crate::DeviceArray::sum_axis
//! [mean_axis]: crate::DeviceArray::mean_axis
//! [var_axis]: crate::DeviceArray::var_axis
//! [std_axis]: crate::DeviceArray::std_axis
//! [min_axis]: crate::DeviceArray::min_axis
//! [max_axis]: crate::DeviceArray::max_axis
//! [argmin_axis]: crate::DeviceArray::argmin_axis
//! [argmax_axis]: crate::DeviceArray::argmax_axis
//! [sum]: crate::DeviceArray::sum
//! [argmax]: crate::DeviceArray::argmax
//! [sum_axes]: crate::DeviceArray::sum_axes
//! [skip_nan]: crate::DeviceArray::skip_nan
//! [standardize_axis]: crate::DeviceArray::standardize_axis
//! [average_axis_vjp]: crate::DeviceArray::average_axis_vjp
//! [sum_axis_vjp]: crate::DeviceArray::sum_axis_vjp
//! [sum_axes_vjp]: crate::DeviceArray::sum_axes_vjp
