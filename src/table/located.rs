//! [`Located`]: queries whose segments are known, and the linear operator that they are.

use ndarray::{Axis, Dimension, Ix1, Ix2, IxDyn, RemoveAxis};

use crate::array::DeviceArray;
use crate::array::backward::BackwardRows;
use crate::device::Device;
use crate::element::{Float, bytes_of};
use crate::engine::check::Checks;
use crate::engine::storage::Storage;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::adjoint::op::{Adjoint, Cotangents, Csr};
use crate::kernels::broadcast_rows::op::{BroadcastRows, Elements};
use crate::kernels::door;
use crate::kernels::interp::op::{Cells, Interp, InterpArgs};
use crate::kernels::locate::op::Locate;
use crate::kernels::reduce::op::Reduction;
use crate::table::InterpTable;

/// Where queries lie in a table, found once: interpolation as a linear operator `A` on the values.
///
/// Interpolation is linear in its values: `y = A fp`, and what `left` and `right` add. [`InterpTable::locate`] decides
/// for every query which knots it depends on: NaN, what lies outside, period and method. From then on
/// [`apply`](Self::apply) interpolates in any values without a search, [`transpose_apply`](Self::transpose_apply)
/// multiplies by the transpose, which makes gradients with respect to values, and [`to_csr`](Self::to_csr) writes the
/// matrix.
///
/// ```
/// use ndarray::{arr1, arr2};
/// use ndgpu::{Device, InterpTable};
///
/// let device = Device::cpu();
/// let table = InterpTable::new(&device, &[0.0_f32, 1.0, 2.0], &[0.0_f32, 0.0, 0.0])?;
/// let x = device.upload(&arr1(&[0.25_f32, 1.0, 1.5, 7.0]))?;
/// let at = table.locate(&x)?;
///
/// // two fields on the same levels
/// let fields = device.upload(&arr2(&[[0.0_f32, 4.0, 8.0], [1.0, 1.0, 3.0]]))?;
/// let y = at.apply(&fields)?;
/// assert_eq!(y.readback().wait()?.view(), arr2(&[[1.0, 4.0, 6.0, 8.0], [1.0, 1.0, 2.0, 3.0]]));
///
/// // the gradient of the sum of the first field's results
/// let ones = device.upload(&arr1(&[1.0_f32; 4]))?;
/// let gradient = at.transpose_apply(&ones)?;
/// assert_eq!(gradient.readback().wait()?.view(), arr1(&[0.75, 1.75, 1.5]).into_dyn());
/// # Ok::<(), ndgpu::Error>(())
/// ```
///
/// Takes 4 bytes a query on the device, and for a table with a period as much as the queries again. Cloning is cheap
/// and shares them.
///
/// # Which knots a query depends on
///
/// | query | `A` has in its row |
/// |---|---|
/// | between two knots | the parts of the way to either, which sum to 1 |
/// | at a knot | 1 for that knot; of repeated knots for the last |
/// | outside | 1 for the end knot; nothing where `left` or `right` has a value, which [`apply`](Self::apply) adds; the line through the last two knots where [`extrapolated`](crate::InterpTableBuilder::extrapolate) |
/// | NaN | nothing: [`apply`](Self::apply) gives NaN, [`transpose_apply`](Self::transpose_apply) leaves it out |
/// | beside an infinitely distant knot | 1 for the other; between two of them, and infinitely far out on a line, nothing |
/// | [nearest, previous or next](crate::Method) | 1 for the knot that is taken |
///
/// Knots that close a [period](crate::InterpTableBuilder::period) stand for those that they copy, and whatever the
/// order in which knots were given, values and gradients are in that order.
pub struct Located<T: Float, D: Dimension> {
    table: InterpTable<T>,
    device: Device,
    args: InterpArgs,
    /// Of the results of one set of values.
    shape: D,
    /// Those of the queries and of the knots.
    checks: Checks,
}

impl<T: Float, D: Dimension> Clone for Located<T, D> {
    fn clone(&self) -> Self {
        Self {
            table: self.table.clone(),
            device: self.device.clone(),
            args: self.args.clone(),
            shape: self.shape.clone(),
            checks: self.checks.clone(),
        }
    }
}

/// The number of axes of values, `[n]` or `[fields, n]`, which decides on that of the results of
/// [`Located::apply`] at queries of dimension `D`.
///
/// Implemented for [`Ix1`](type@Ix1) (results have the shape of the queries), [`Ix2`](type@Ix2) (`[fields, m]`) and
/// [`IxDyn`](type@IxDyn).
pub trait Fields<D: Dimension>: Dimension {
    /// Of the results.
    type Results: Dimension;
}

impl<D: Dimension> Fields<D> for Ix1 {
    type Results = D;
}

impl<D: Dimension> Fields<D> for Ix2 {
    type Results = Ix2;
}

impl<D: Dimension> Fields<D> for IxDyn {
    type Results = IxDyn;
}

impl<T: Float> InterpTable<T> {
    /// Finds where every element of `x`, of any shape, lies in one table, for as many
    /// [applications](Located::apply) to values as are wanted.
    ///
    /// Costs one pass: `x` is read and 4 bytes a query are written. Together with one [`Located::apply`] it computes
    /// what [`interp`](Self::interp) does. The queries are kept where they lie (a copy of those in the memory of a
    /// plan): after an application has written into their [buffer](DeviceArray::wgpu_buffer) they have to be located
    /// anew.
    ///
    /// # Errors
    ///
    /// Those of [`interp`](Self::interp).
    pub fn locate<D: Dimension>(&self, x: &DeviceArray<T, D>) -> Result<Located<T, D>> {
        self.expect_one_table("locate")?;
        let device = self.device.common_device(x.device(), "x")?;
        self.located(device, x, x.raw_dim(), self.args(x, 1, x.len(), false))
    }

    /// [`locate`](Self::locate) as a part of a call on this handle of the device: recorded if that is.
    pub(crate) fn locate_on<D: Dimension>(&self, device: &Device, x: &DeviceArray<T, D>) -> Result<Located<T, D>> {
        self.located(device.clone(), x, x.raw_dim(), self.args(x, 1, x.len(), false))
    }

    /// [`locate`](Self::locate) row by row: row `i` of the queries in the knots of table `i`, as
    /// [`interp_rows`](Self::interp_rows) has them. `x` is `[m]`, the same queries for every table, or `[tables, m]`;
    /// one table serves all rows of an `x` of `[rows, m]`.
    ///
    /// Costs one pass.
    ///
    /// # Errors
    ///
    /// Those of [`interp_rows`](Self::interp_rows).
    pub fn locate_rows<D: Dimension>(&self, x: &DeviceArray<T, D>) -> Result<Located<T, Ix2>> {
        let (shape, rows, columns, shared_queries) = self.rows_of(x)?;
        let device = self.device.common_device(x.device(), "x")?;
        self.located(device, x, shape, self.args(x, rows, columns, shared_queries))
    }

    fn located<D: Dimension, E: Dimension>(
        &self,
        device: Device,
        x: &DeviceArray<T, D>,
        shape: E,
        args: InterpArgs,
    ) -> Result<Located<T, E>> {
        if shape.size_checked().is_none() {
            return Err(Error::too_large("the cells of queries", u64::MAX, isize::MAX as u64, &device.info().name));
        }
        let cells = device.allocate::<u32>(args.results())?;
        // Cells belong to the queries as they are now: those in the memory of a plan, which replays write over, are
        // kept apart.
        let is_rewritten = !x.checks().latest().is_empty() && device.recorder().is_none();
        let wrapped = match args.table.rules.period {
            None if !is_rewritten => None,
            _ => Some(device.allocate::<T>(args.queries())?),
        };
        if let (Some(copy), None) = (&wrapped, args.table.rules.period) {
            device.engine().copy::<T>(&args.x, copy, args.queries())?;
        }
        if args.results() > 0 {
            let (wrapped, cells) = (wrapped.clone().filter(|_| args.table.rules.period.is_some()), cells.clone());
            device.run(Locate { args: args.clone(), wrapped, cells })?;
        }
        let checks = Checks::union([&args.table.axis.checks, x.checks()]).of_result(device.recorder().is_some());
        let args = InterpArgs {
            x: wrapped.unwrap_or_else(|| args.x.clone()),
            cells: Some(Cells { storage: cells, shared: false }),
            ..args
        };
        Ok(Located { table: self.clone(), device, args, shape, checks })
    }
}

impl<T: Float, D: Dimension> Located<T, D> {
    /// Interpolates in these values: bit for bit what `table.with_values(&fp)?.interp(&x)?` gives, without a search.
    ///
    /// `fp` is `[n]`, and the result has the shape of the queries (`[tables, m]` of rows); or `[fields, n]`, and the
    /// result is `[fields, m]` for `m` queries in all. Located rows of several tables take `[tables, n]`. Values are in
    /// the order in which the knots were given.
    ///
    /// Costs one pass over the values and one over the queries: 12 bytes a query in f32 are read and written.
    ///
    /// # Errors
    ///
    /// [`ShapeMismatch`](ErrorKind::ShapeMismatch), and those of [`InterpTable::with_values`].
    pub fn apply<E: Fields<D>>(&self, fp: &DeviceArray<T, E>) -> Result<DeviceArray<T, E::Results>> {
        let (args, shape, device, checks) = self.application(fp)?;
        let output = device.allocate::<T>(args.results())?;
        if args.results() > 0 {
            device.run(Interp { args, output: output.clone() })?;
        }
        Ok(DeviceArray::new(device, output, shape, checks))
    }

    /// The weighted average of [`apply`](Self::apply) along an axis of its result: what
    /// `at.apply(&fp)?.average_axis(axis, &weights)?` gives.
    ///
    /// Along the last axis the results of the interpolation are averaged as they are computed and never written:
    /// besides the values 8 bytes a query in f32 are read, with weights for each element 12. Along another axis they
    /// are written and read.
    ///
    /// # Errors
    ///
    /// Those of [`apply`](Self::apply) and of [`average_axis`](DeviceArray::average_axis).
    pub fn apply_average<E: Fields<D>, W: Dimension>(
        &self,
        fp: &DeviceArray<T, E>,
        axis: Axis,
        weights: &DeviceArray<T, W>,
    ) -> Result<DeviceArray<T, <E::Results as Dimension>::Smaller>>
    where
        E::Results: RemoveAxis,
    {
        let (args, shape, device, checks) = self.application(fp)?;
        if device.common_device(weights.device(), "the weights")?.recorder().is_some() {
            // A plan fuses the two by itself.
            return self.apply(fp)?.average_axis(axis, weights);
        }
        let unwritten = device.allocate::<T>(0)?;
        let (mut operands, shape) = DeviceArray::new(device, unwritten, shape, checks).weighted_along(axis, weights)?;
        operands.produced_by = Some(args);
        operands.reduce(Reduction::Average, shape)
    }

    /// Multiplies by the transpose: `A^T g`, the gradient with respect to the values where `g` is that with respect to
    /// the results. What `left` and `right` add is no part of it.
    ///
    /// `g` has the shape of [`apply`](Self::apply)'s result, and the gradient that of the values: `[n]`, or
    /// `[fields, n]` for `g` of `[fields, m]`; `[tables, n]` of located rows of several tables. Of a `g` that could be
    /// either, having the shape of the queries, it is `[n]`.
    ///
    /// Sums are kept in twice the precision and rounded once, on a GPU in integers of 96 bits (192 in f64) from the
    /// largest share of a sum down: the same bits on every run of a device, on the CPU engine with any number of
    /// threads, and about as fast if all queries lie in one cell as if they were spread out. A NaN or an infinite
    /// cotangent reaches the knots of its own query and no others.
    ///
    /// Far out on an extrapolated line a share may exceed the range of f64 on the CPU engine, and is then infinite.
    ///
    /// Costs one pass: 12 bytes a query in f32 are read; and for each knot 16 bytes (32 in f64) of sums, on a GPU 40
    /// (64), up to 64 times if there are many queries a knot. A GPU takes one pass more.
    ///
    /// # Errors
    ///
    /// [`ShapeMismatch`](ErrorKind::ShapeMismatch), [`DeviceMismatch`](ErrorKind::DeviceMismatch),
    /// [`TooLarge`](ErrorKind::TooLarge) if the sums of one table do not fit into a binding.
    pub fn transpose_apply<E: Dimension>(&self, g: &DeviceArray<T, E>) -> Result<DeviceArray<T, IxDyn>> {
        let device = self.device.common_device(g.device(), "g")?;
        let (sets, is_one_set) = self.sets_of(g.shape())?;
        let knots = self.table.data.given_knots;
        let fp = device.allocate::<T>(sets * knots)?;
        let shape = if is_one_set { IxDyn(&[knots]) } else { IxDyn(&[sets, knots]) };
        self.run_adjoint(&device, g, sets, [Some(fp.clone()), None, None, None])?;
        Ok(DeviceArray::new(device, fp, shape, Checks::union([&self.checks, g.checks()])))
    }

    /// Multiplies by the transpose of [`apply_average`](Self::apply_average): from cotangents `g` of the averages along
    /// an axis, in their shape, those of the values, without the array of what was averaged.
    ///
    /// The axis is one of [`apply`](Self::apply)'s result for one set of values, in the shape of the queries
    /// (`[tables, m]` of located rows); the gradient is `[n]`, or `[tables, n]`. What a gradient with respect to the
    /// weights takes, the averaged array, is with [`average_axis_vjp`](DeviceArray::average_axis_vjp).
    ///
    /// Along the last axis nothing as long as the queries is written: memory is needed for the rows and for the sums of
    /// [`transpose_apply`](Self::transpose_apply). Along another axis cotangents of all results are written first.
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](ErrorKind::AxisOutOfRange), [`ShapeMismatch`](ErrorKind::ShapeMismatch),
    /// [`DeviceMismatch`](ErrorKind::DeviceMismatch), [`TooLarge`](ErrorKind::TooLarge) as
    /// [`transpose_apply`](Self::transpose_apply); with the data [`ZeroWeights`](ErrorKind::ZeroWeights).
    pub fn transpose_apply_average<W: Dimension>(
        &self,
        axis: Axis,
        weights: &DeviceArray<T, W>,
        g: &DeviceArray<T, D::Smaller>,
    ) -> Result<DeviceArray<T, IxDyn>>
    where
        D: RemoveAxis,
    {
        let device = self.device.common_device(weights.device(), "the weights")?.common_device(g.device(), "g")?;
        // Stands for the array that was averaged, and is never read.
        let unwritten = device.allocate::<T>(0)?;
        let array = DeviceArray::new(device.clone(), unwritten, self.shape.clone(), self.checks.clone());
        let (rows, checks) = array.average_backward_rows(axis, weights, g)?;
        let tables = self.table.data.tables;
        let knots = self.table.data.given_knots;
        let fp = device.allocate::<T>(tables * knots)?;
        let cotangents = match rows.view.inner {
            1 => Cotangents::Rows { factors: rows.factors, len: rows.view.len, weights: rows.weights },
            _ => {
                let output = device.allocate::<T>(self.args.results())?;
                let BackwardRows { view, factors, weights } = rows;
                let elements = Elements::Weights(weights);
                if self.args.results() > 0 {
                    device.run(BroadcastRows { dtype: T::FLOAT, view, factors, elements, output: output.clone() })?;
                }
                Cotangents::Elements(output)
            }
        };
        self.sum_shares(&device, cotangents, tables, [Some(fp.clone()), None, None, None])?;
        let shape = if tables == 1 { IxDyn(&[knots]) } else { IxDyn(&[tables, knots]) };
        Ok(DeviceArray::new(device, fp, shape, checks))
    }

    /// The cell of every query: the index of the last knot that is not above it, among the knots as they are searched
    /// (sorted, and with a period closed by one knot at either end); 0 for queries below all knots and for NaN.
    /// `np.searchsorted(xp, x, side="right") - 1`, but never below 0.
    ///
    /// Has the shape of the queries, or `[tables, m]` of located rows. Costs nothing: these are the cells that it
    /// keeps.
    ///
    /// # Errors
    ///
    /// None so far.
    pub fn cells(&self) -> Result<DeviceArray<u32, D>> {
        let cells = self.args.cells.as_ref().ok_or_else(internal)?.storage.clone();
        Ok(DeviceArray::new(self.device.clone(), cells, self.shape.clone(), self.checks.clone()))
    }

    /// The matrix `A` in compressed sparse rows, as `scipy.sparse.csr_matrix((data, indices, indptr))` and sparse
    /// solvers take it: `(indptr, indices, data)`, on the device.
    ///
    /// A row for each query (of located rows of several tables one after another, `[tables * m, tables * n]`, with the
    /// tables' blocks on the diagonal), a column for each value. Every row has two entries with ascending columns, a
    /// table of one knot one; where a result depends on fewer knots, the weight of an entry is 0. On the CPU engine
    /// weights are rounded once, on a GPU they are quotients as the driver computes them. `indptr` is
    /// `[m + 1]`, the others are `[2 * m]`.
    ///
    /// Costs one pass: 8 bytes a query in f32 are read, 20 written.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ErrorKind::TooLarge) if entries or columns cannot be counted in 32 bits.
    #[allow(clippy::type_complexity, reason = "three plain arrays read best")]
    pub fn to_csr(&self) -> Result<(DeviceArray<u32, Ix1>, DeviceArray<u32, Ix1>, DeviceArray<T, Ix1>)> {
        let Self { args, device, .. } = self;
        let (results, each) = (args.results(), Csr::entries_per_result(args));
        let columns = args.table.given_knots.saturating_mul(args.table.tables);
        let most = u32::MAX as usize;
        if results.saturating_mul(each) >= most || columns >= most {
            return Err(Error::new(
                ErrorKind::TooLarge { bytes: bytes_of::<T>(results.saturating_mul(each)), limit: bytes_of::<T>(most) },
                format!(
                    "a matrix of {results} x {columns} with {each} entries a row cannot be indexed in 32 bits; locate \
                     the queries in pieces"
                ),
            ));
        }
        let indptr = device.allocate::<u32>(results + 1)?;
        let indices = device.allocate::<u32>(results * each)?;
        let data = device.allocate::<T>(results * each)?;
        let (pointers, entries) = (indptr.clone(), (indices.clone(), data.clone()));
        device.run(Csr { args: args.clone(), indptr, indices, data })?;
        let array = |storage, len| DeviceArray::new(device.clone(), storage, Ix1(len), self.checks.clone());
        let weights = DeviceArray::new(device.clone(), entries.1, Ix1(results * each), self.checks.clone());
        Ok((array(pointers, results + 1), array(entries.0, results * each), weights))
    }

    /// The same with the number of axes known at run time only. Costs nothing.
    pub fn into_dyn(self) -> Located<T, IxDyn> {
        let Self { table, device, args, shape, checks } = self;
        Located { table, device, args, shape: shape.into_dyn(), checks }
    }

    /// The shape of the results for one set of values: that of the queries, or `[tables, m]` of located rows.
    pub fn shape(&self) -> &[usize] {
        self.shape.slice()
    }

    /// The table whose knots these queries are located in.
    pub fn table(&self) -> &InterpTable<T> {
        &self.table
    }

    /// The device it is on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The lookups that an application to these values consists of, the shape of the results, and what computes them.
    fn application<E: Fields<D>>(&self, fp: &DeviceArray<T, E>) -> Result<(InterpArgs, E::Results, Device, Checks)> {
        let device = self.device.common_device(fp.device(), "fp")?;
        let (knots, shape) = (self.table.data.given_knots, fp.shape());
        let is_fitting = match *shape {
            [values] => values == knots,
            [fields, values] => fields > 0 && values == knots,
            _ => true,
        };
        if !is_fitting {
            return Err(Error::shape(format!(
                "values of shape {shape:?} do not fit queries located among {knots} knots; give [{knots}] or [fields, \
                 {knots}], one field at least"
            )));
        }
        let table = self.table.with_values(fp)?;
        let fields = table.data.tables;
        let has_fields = fp.ndim() == 2;
        let args = match self.table.data.tables {
            1 if has_fields => self.of_fields(fields),
            1 => self.args.clone(),
            tables if fields == tables => self.args.clone(),
            tables => {
                return Err(Error::shape(format!(
                    "values of shape {:?} do not fit queries located in {tables} tables of {} knots; give [{tables}, \
                     {1}], a row for each table",
                    fp.shape(),
                    self.table.data.given_knots,
                )));
            }
        };
        let shape = match self.table.data.tables {
            1 if has_fields => IxDyn(&[fields, self.args.results()]),
            _ => IxDyn(self.shape.slice()),
        };
        if shape.size_checked().is_none() {
            return Err(Error::too_large("the result", u64::MAX, isize::MAX as u64, &device.info().name));
        }
        let shape = E::Results::from_dimension(&shape).ok_or_else(internal)?;
        let checks = Checks::union([&self.checks, &table.checks]);
        Ok((InterpArgs { table: table.data.clone(), ..args }, shape, device, checks))
    }

    /// All queries once for each of several fields.
    fn of_fields(&self, fields: usize) -> InterpArgs {
        let cells = self.args.cells.as_ref().map(|cells| Cells { shared: true, ..cells.clone() });
        InterpArgs { rows: fields, columns: self.args.results(), shared_queries: true, cells, ..self.args.clone() }
    }

    /// How many sets of values cotangents of this shape belong to, and whether they are those of one set.
    fn sets_of(&self, shape: &[usize]) -> Result<(usize, bool)> {
        let (tables, results) = (self.table.data.tables, self.args.results());
        if shape == self.shape.slice() {
            return Ok((tables, tables == 1));
        }
        match *shape {
            [fields, columns] if tables == 1 && columns == results => Ok((fields, false)),
            _ => Err(Error::shape(match tables {
                1 => format!(
                    "cotangents of shape {shape:?} are not those of queries of shape {:?}; give that shape, or \
                     [fields, {results}] for those of several fields",
                    self.shape.slice()
                ),
                _ => format!(
                    "cotangents of shape {shape:?} are not those of queries located in {tables} tables; give {:?}",
                    self.shape.slice()
                ),
            })),
        }
    }

    /// Sums the shares of cotangents of a shape that fits: for values, knots, and the fills on either side.
    pub(crate) fn run_adjoint<E: Dimension>(
        &self,
        device: &Device,
        g: &DeviceArray<T, E>,
        sets: usize,
        [fp, xp, left, right]: [Option<Storage>; 4],
    ) -> Result<()> {
        self.sum_shares(device, Cotangents::Elements(g.storage().clone()), sets, [fp, xp, left, right])
    }

    fn sum_shares(
        &self,
        device: &Device,
        cotangents: Cotangents,
        sets: usize,
        [fp, xp, left, right]: [Option<Storage>; 4],
    ) -> Result<()> {
        let args = if sets == self.table.data.tables { self.args.clone() } else { self.of_fields(sets) };
        let scratch = match door::adjoint_scratch_len(device.engine(), &args, sets) {
            Some(len) => Some(device.allocate::<f64>(len)?),
            None => None,
        };
        device.run(Adjoint { args, cotangents, sets, scratch, fp, xp, left, right })
    }

    pub(crate) fn args(&self) -> &InterpArgs {
        &self.args
    }

    pub(crate) fn checks(&self) -> &Checks {
        &self.checks
    }
}

fn internal() -> Error {
    Error::new(ErrorKind::Driver, "queries without their cells; this is a bug in ndgpu, please report it")
}

impl<T: Float, D: Dimension> std::fmt::Debug for Located<T, D> {
    /// Prints shape, type, table and device; the cells are not read back.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let data = &self.table.data;
        write!(
            f,
            "Located<{}>{:?} in {} x {} knots on {}",
            T::TYPE,
            self.shape.slice(),
            data.tables,
            data.given_knots,
            self.device.info().name
        )
    }
}
