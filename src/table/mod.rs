//! [`InterpTable`]: a table on a device, and its queries.

pub(crate) mod axis;
pub(crate) mod bins;
pub(crate) mod builder;
pub(crate) mod derivatives;
pub(crate) mod device_builder;
pub(crate) mod knots;
pub(crate) mod located;
pub(crate) mod options;
pub(crate) mod shape;

use std::marker::PhantomData;
use std::sync::Arc;

use ndarray::{Dimension, Ix2};

use crate::array::DeviceArray;
use crate::array::host_data::HostData;
use crate::device::Device;
use crate::element::Float;
use crate::engine::check::Checks;
use crate::engine::storage::Storage;
use crate::error::{Error, ErrorKind, Result};
use crate::float::dtype::{FloatType, for_float};
use crate::float::scalar::Scalar;
use crate::kernels::door;
use crate::kernels::interp::op::{BuildTable, Interp, InterpArgs, Rules, TableData};
use crate::kernels::search::axis::SortedAxis;
use crate::table::axis::expect_bindable;
use crate::table::shape::{TableShape, rows};

/// One table of knots and values, or several with equally many knots, on a device: `interp(x)` as
/// `numpy.interp(x, xp, fp)`.
///
/// The knots are prepared once: sorted knots get a search index (see [`Order`](crate::Order) for unsorted ones), and
/// their values are stored beside them. A table takes about 28 bytes a knot in f32 on a GPU (52 in f64), index
/// included, and 14 (26) on the CPU engine, which builds its index after enough queries to pay for it. Cloning is cheap
/// and shares the table.
///
/// ```
/// use ndarray::arr1;
/// use ndgpu::{Device, InterpTable};
///
/// let device = Device::cpu();
/// let table = InterpTable::new(&device, &[1.0_f32, 2.0, 4.0], &[10.0_f32, 20.0, 0.0])?;
/// let x = device.upload(&arr1(&[0.0_f32, 1.5, 2.0, 3.0, 9.0]))?;
/// let y = table.interp(&x)?;
/// assert_eq!(y.readback().wait()?.view(), arr1(&[10.0, 15.0, 20.0, 10.0, 0.0]));
/// # Ok::<(), ndgpu::Error>(())
/// ```
pub struct InterpTable<T: Float> {
    device: Device,
    data: Arc<TableData>,
    checks: Checks,
    element: PhantomData<T>,
}

impl<T: Float> Clone for InterpTable<T> {
    fn clone(&self) -> Self {
        Self { device: self.device.clone(), data: self.data.clone(), checks: self.checks.clone(), element: PhantomData }
    }
}

impl<T: Float> InterpTable<T> {
    /// A table from host data: views, references to arrays, slices or vectors.
    ///
    /// `xp` is `[n]` or `[tables, n]` and must not decrease along a table; `fp` is `[n]`, or `[tables, n]` with one
    /// table per row. `xp` of shape `[n]` serves all tables. For `left`, `right`, a period, or unsorted knots see
    /// [`InterpTable::builder`].
    ///
    /// Costs the upload of knots, index and values (about 16 bytes a knot in f32) and one pass over them on the device.
    ///
    /// # Errors
    ///
    /// [`WrongDimensions`](crate::ErrorKind::WrongDimensions), [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch),
    /// [`EmptyTable`](crate::ErrorKind::EmptyTable), [`NotSorted`](crate::ErrorKind::NotSorted) with the index of the
    /// first knot that is NaN or smaller than the one before it,
    /// [`UnsupportedElement`](crate::ErrorKind::UnsupportedElement), and [`TooLarge`](crate::ErrorKind::TooLarge): a
    /// table has to fit into one binding (16 bytes a knot in f32, 32 in f64).
    pub fn new<'a, X, F>(device: &Device, xp: X, fp: F) -> Result<Self>
    where
        X: HostData<'a, Elem = T>,
        F: HostData<'a, Elem = T>,
    {
        Self::builder(xp, fp).build(device)
    }

    /// A table from arrays on the device, of the shapes that [`InterpTable::new`] takes. Nothing is transferred to the
    /// host.
    ///
    /// The order of `xp` is checked on the device. If it is wrong, reading back any result of this table returns
    /// [`NotSorted`](crate::ErrorKind::NotSorted); nothing waits for the check before that. For options, and for what
    /// it costs, see [`InterpTable::device_builder`].
    ///
    /// # Errors
    ///
    /// Those of [`InterpTable::new`] that follow from the shapes, and
    /// [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch).
    pub fn from_device<D: Dimension, E: Dimension>(xp: &DeviceArray<T, D>, fp: &DeviceArray<T, E>) -> Result<Self> {
        Self::device_builder(xp, fp).build()
    }

    /// The same knots, search index and rules with other values from the device: `[n]`, or `[tables, n]` for several
    /// tables over the same knots. The values are in the order in which the knots were given, even if the table was
    /// sorted.
    ///
    /// Costs one pass over the values.
    ///
    /// # Errors
    ///
    /// [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch), [`WrongDimensions`](crate::ErrorKind::WrongDimensions),
    /// [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch), and [`InvalidOption`](crate::ErrorKind::InvalidOption) for
    /// a table built with [`skip_missing`](crate::InterpTableBuilder::skip_missing): its knots were selected by its
    /// original values.
    pub fn with_values<D: Dimension>(&self, fp: &DeviceArray<T, D>) -> Result<Self> {
        let TableData { axis, order, rules, given_knots: own_knots, .. } = &*self.data;
        if rules.skips_missing {
            return Err(Error::new(
                ErrorKind::InvalidOption,
                "a table built with skip_missing leaves out knots by the values it was built from, so it takes no \
                 others; build a table from the other values",
            ));
        }
        let device = self.device.common_device(fp.device(), "fp")?;
        let (tables, given_knots) = rows("fp", fp.shape())?;
        if given_knots != *own_knots || tables == 0 || (axis.tables > 1 && tables != axis.tables) {
            return Err(Error::shape(format!(
                "values of shape {:?} do not fit {} table(s) of {} knots; give [{}] or [tables, {}]",
                fp.shape(),
                axis.tables,
                own_knots,
                own_knots,
                own_knots
            )));
        }
        let shape = TableShape { given_knots, tables };
        let data = assemble(&device, axis.clone(), order.clone(), *rules, shape, fp.storage())?;
        Ok(Self::from_parts(&device, data, fp.checks().clone()))
    }

    /// A handle to a table whose values have these checks.
    pub(crate) fn from_parts(device: &Device, data: TableData, value_checks: Checks) -> Self {
        let checks = Checks::union([&data.axis.checks, &value_checks]).of_result(device.recorder().is_some());
        Self { device: device.clone(), data: Arc::new(data), checks, element: PhantomData }
    }

    /// Interpolates at every element of `x`, of any shape, in one table.
    ///
    /// Costs one pass: `x` is read and the result written, 8 bytes a query in f32, besides the table.
    ///
    /// # Errors
    ///
    /// [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch) if this is more than one table,
    /// [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch).
    pub fn interp<D: Dimension>(&self, x: &DeviceArray<T, D>) -> Result<DeviceArray<T, D>> {
        self.expect_one_table("interp")?;
        let columns = x.len();
        self.query(x, x.raw_dim(), 1, columns, false)
    }

    /// [`interp`](Self::interp) into existing memory: replaces the values of `out`, which has the shape of `x`. Other
    /// handles to the memory of `out` (clones and reshaped arrays, `x` itself among them, readbacks) keep the old
    /// values: `out` then moves to new memory.
    ///
    /// Costs as much as [`interp`](Self::interp), without memory for the result. For loops that must not allocate;
    /// where the shape stays the same, a [`Plan`](crate::Plan) saves more.
    ///
    /// ```
    /// use ndgpu::{Device, InterpTable};
    ///
    /// let device = Device::cpu();
    /// let table = InterpTable::new(&device, &[0.0_f32, 1.0], &[0.0_f32, 10.0])?;
    /// let mut out = device.upload(&[0.0_f32; 3])?;
    /// for x in [[0.0_f32, 0.5, 1.0], [0.1, 0.2, 7.0]] {
    ///     table.interp_into(&device.upload(&x)?, &mut out)?;
    /// }
    /// assert_eq!(out.readback().wait()?.view().as_slice(), Some(&[1.0, 2.0, 10.0][..]));
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`interp`](Self::interp), [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch) if `out` does not have the
    /// shape of `x`, and [`NotCapturable`](crate::ErrorKind::NotCapturable) in a closure that is being captured: a plan
    /// has separate memory for results. A refused call leaves `out` as it was. Findings about the values of the table
    /// or of `x` are reported with those of `out`; findings about its old values are dropped.
    pub fn interp_into<D: Dimension>(&self, x: &DeviceArray<T, D>, out: &mut DeviceArray<T, D>) -> Result<()> {
        self.expect_one_table("interp_into")?;
        let device = self.device.common_device(x.device(), "x")?.common_device(out.device(), "out")?;
        if out.shape() != x.shape() {
            return Err(Error::shape(format!(
                "the results for queries of shape {:?} do not go into an array of shape {:?}; give one of the shape of \
                 the queries, or use interp",
                x.shape(),
                out.shape()
            )));
        }
        if let Some(recorder) = device.recorder() {
            return Err(recorder.refusal("written into an array that is there"));
        }
        let args = self.args(x, 1, x.len(), false);
        out.recompute(Checks::union([&self.checks, x.checks()]), |output| match output.same_as(x.storage()) {
            false => self.look_up(&device, args, output),
            // Both are one buffer of the application, and kernels cannot read and write the same buffer.
            true => {
                let apart = device.allocate::<T>(x.len())?;
                self.look_up(&device, args, &apart)?;
                device.engine().copy::<T>(&apart, output, x.len())
            }
        })
    }

    pub(crate) fn expect_one_table(&self, operation: &str) -> Result<()> {
        if self.data.tables == 1 {
            return Ok(());
        }
        Err(Error::shape(format!(
            "{operation} takes one table, but these are {}; {}",
            self.data.tables,
            match operation {
                "interp" | "interp_into" => "interp_rows gives each its own row of queries",
                "locate" => "locate_rows gives each its own row of queries",
                "derivative" => "derivative_rows gives each its own row of queries",
                _ => "call it for one table after another",
            }
        )))
    }

    /// Interpolates row by row: row `i` of the result comes from table `i`.
    ///
    /// `x` is `[m]`, the same queries for every table, or `[tables, m]`. One table serves all rows of an `x` of
    /// `[rows, m]`. The result is `[tables, m]` (or `[rows, m]`).
    ///
    /// Costs one pass, as [`interp`](Self::interp).
    ///
    /// # Errors
    ///
    /// [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch), [`WrongDimensions`](crate::ErrorKind::WrongDimensions),
    /// [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch).
    pub fn interp_rows<D: Dimension>(&self, x: &DeviceArray<T, D>) -> Result<DeviceArray<T, Ix2>> {
        let (shape, rows, columns, shared_queries) = self.rows_of(x)?;
        self.query(x, shape, rows, columns, shared_queries)
    }

    /// How queries are shared out among the tables: the shape of the results, rows, queries a row, and whether every
    /// row has the same.
    fn rows_of<D: Dimension>(&self, x: &DeviceArray<T, D>) -> Result<(Ix2, usize, usize, bool)> {
        let tables = self.data.tables;
        match *x.shape() {
            [columns] => Ok((Ix2(tables, columns), tables, columns, tables > 1)),
            [rows, columns] if tables == 1 => Ok((Ix2(rows, columns), 1, rows * columns, false)),
            [rows, columns] if rows == tables => Ok((Ix2(rows, columns), rows, columns, false)),
            [_, _] => Err(Error::shape(format!(
                "queries of shape {:?} do not give each of {tables} tables a row; they must be [m] or [{tables}, m]",
                x.shape(),
            ))),
            _ => Err(Error::dimensions(format!(
                "queries of shape {:?} have no rows; they must be [m] or [tables, m]",
                x.shape()
            ))),
        }
    }

    fn query<D: Dimension, E: Dimension>(
        &self,
        x: &DeviceArray<T, D>,
        shape: E,
        rows: usize,
        columns: usize,
        shared_queries: bool,
    ) -> Result<DeviceArray<T, E>> {
        let device = self.device.common_device(x.device(), "x")?;
        let Some(len) = shape.size_checked() else {
            return Err(Error::too_large("the result", u64::MAX, isize::MAX as u64, &device.info().name));
        };
        let output = device.allocate::<T>(len)?;
        self.look_up(&device, self.args(x, rows, columns, shared_queries), &output)?;
        let checks = Checks::union([&self.checks, x.checks()]);
        Ok(DeviceArray::new(device, output, shape, checks))
    }

    fn args<D: Dimension>(
        &self,
        x: &DeviceArray<T, D>,
        rows: usize,
        columns: usize,
        shared_queries: bool,
    ) -> InterpArgs {
        InterpArgs { table: self.data.clone(), x: x.storage().clone(), rows, columns, shared_queries, cells: None }
    }

    fn look_up(&self, device: &Device, args: InterpArgs, output: &Storage) -> Result<()> {
        if args.rows * args.columns == 0 {
            return Ok(());
        }
        device.run(Interp { args, output: output.clone() })
    }

    /// The number of tables.
    pub fn tables(&self) -> usize {
        self.data.tables
    }

    /// The number of knots of each table, as given.
    pub fn knots(&self) -> usize {
        self.data.given_knots
    }

    /// The device it is on.
    pub fn device(&self) -> &Device {
        &self.device
    }
}

impl<T: Float> std::fmt::Debug for InterpTable<T> {
    /// Prints shape, type and device; the values are not read back.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let TableData { tables, given_knots, .. } = &*self.data;
        write!(f, "InterpTable<{}> of {tables} x {given_knots} on {}", T::TYPE, self.device.info().name)
    }
}

/// Assembles a table from prepared knots and their values.
pub(crate) fn assemble(
    device: &Device,
    axis: Arc<SortedAxis>,
    order: Option<Storage>,
    rules: Rules<Scalar>,
    shape: TableShape,
    values: &Storage,
) -> Result<TableData> {
    let dtype = axis.dtype;
    expect_table_bindable(device, dtype, shape.tables * axis.knots)?;
    let (len, used) = door::table_len(device.engine(), dtype, shape.tables, axis.knots);
    let table = TableData {
        dtype,
        segments: for_float!(dtype, T => device.allocate::<T>(len))?,
        segment_bytes: dtype.bytes(used),
        bind_group: Default::default(),
        axis,
        order,
        rules,
        given_knots: shape.given_knots,
        tables: shape.tables,
    };
    device.run(BuildTable { table: table.clone(), values: values.clone() })?;
    Ok(table)
}

/// An error unless the cells of a table, its largest part, fit into one binding.
fn expect_table_bindable(device: &Device, dtype: FloatType, cells: usize) -> Result<()> {
    expect_bindable(device, "an interpolation table", dtype.bytes(cells).saturating_mul(4))
}
