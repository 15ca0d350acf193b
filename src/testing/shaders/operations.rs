//! Operations whose dispatches are worth having: with them every kernel of 32 bits runs that a software driver can be
//! made to choose, whatever the number of its steps.

use ndarray::{Array1, Array2, ArrayD, Axis, Dimension, Ix2, IxDyn};
use serde_json::{Value, json};

use crate::engine::gpu::{GpuContext, dispatch_log};
use crate::support::random::Random;
use crate::{Device, DeviceArray, DeviceKind, InterpTable, Knots, Method, Order, Result, Side, Tangents, Wanted};

/// Runs them all, and tells on what: the device that all tests run on.
pub(crate) fn run() -> Value {
    let adapter = std::env::var("NDGPU_TEST_ADAPTER").ok().filter(|name| !name.trim().is_empty());
    let usual = if cfg!(target_os = "macos") { "Apple" } else { "llvmpipe" };
    let open = || Device::builder().adapter(adapter.as_deref().unwrap_or(usual).trim());
    let device = open().without_f64().build().expect("a GPU, a software one will do: scripts/test sets one up");
    let (name, is_software) = (device.info().name.clone(), device.info().kind == DeviceKind::Software);
    let run = Run { device, random: Random::new(41).into() };
    run.tables().and_then(|()| run.other_tables()).expect("tables");
    run.reductions().expect("reductions");
    run.searches().expect("searches");
    let wide = open().build().expect("the same device with all it has");
    let supports_f64 = wide.info().supports_f64;
    if supports_f64 {
        rearranged_words_of_64_bits(&wide).expect("axes rearranged");
    }
    json!({ "name": name, "software": is_software, "f64": supports_f64 })
}

/// Where the segments of a table lie and how they are found.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lookup {
    Uniform,
    Bisected,
    Bucketed,
}

/// Whether tables have knots of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    One,
    SharedKnots,
    OwnKnots,
}

struct Run {
    device: Device,
    random: std::cell::RefCell<Random>,
}

impl Run {
    fn context(&self) -> &GpuContext {
        self.device.engine().gpu().expect("it was opened by the name of an adapter")
    }

    fn between(&self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.random.borrow_mut().unit() as f32
    }

    fn below(&self, end: usize) -> usize {
        self.random.borrow_mut().below(end)
    }

    fn values<D: Dimension>(
        &self,
        shape: impl ndarray::ShapeBuilder<Dim = D>,
        low: f32,
        high: f32,
    ) -> ndarray::Array<f32, D> {
        ndarray::Array::from_shape_simple_fn(shape, || self.between(low, high))
    }

    /// Sorted knots; for lookups without buckets so many of them alike that a bucket shortens no search.
    fn knots(&self, tables: usize, knots: usize, lookup: Lookup) -> Array2<f32> {
        let mut xp = self.values((tables, knots), -50.0, 50.0);
        for mut row in xp.rows_mut() {
            if lookup == Lookup::Bisected {
                row.iter_mut().skip(knots / 8).for_each(|x| *x = 12.5);
            }
            row.as_slice_mut().expect("rows in order").sort_by(f32::total_cmp);
        }
        xp
    }

    /// At knots, beside them, far away, and, in the first row, nowhere.
    fn queries(&self, rows: usize, columns: usize, xp: &Array2<f32>) -> Array2<f32> {
        Array2::from_shape_fn((rows, columns), |(row, column)| {
            let knot = xp[[row % xp.nrows(), self.below(xp.ncols())]];
            match column % 7 {
                0 => knot,
                1 => self.between(-150.0, 150.0),
                2 if row == 0 && column % 21 == 2 => [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][self.below(3)],
                _ => knot + self.between(-0.5, 0.5),
            }
        })
    }

    /// Every way in which a table is looked up, alone and by plans that reduce what they looked up.
    fn tables(&self) -> Result<()> {
        for kind in [Kind::One, Kind::SharedKnots, Kind::OwnKnots] {
            for lookup in [Lookup::Uniform, Lookup::Bisected, Lookup::Bucketed] {
                let (tables, knots) = match (kind, lookup) {
                    (Kind::One, Lookup::Uniform) => (1, 60),
                    (Kind::One, _) => (1, 5000),
                    (_, Lookup::Uniform) => (3, 60),
                    (_, _) => (3, 2000),
                };
                let xp = self.knots(if kind == Kind::OwnKnots { tables } else { 1 }, knots, lookup);
                let fp = self.values((tables, knots), -10.0, 10.0);
                let (row, values) = (xp.row(0).to_owned(), fp.row(0).to_owned());
                let builder = || match kind {
                    Kind::One => InterpTable::builder(&row, &values),
                    Kind::SharedKnots => InterpTable::builder(&row, &fp),
                    Kind::OwnKnots => InterpTable::builder(&xp, &fp),
                };
                for period in [false, true] {
                    let builder = || if period { builder().period(37.5) } else { builder() };
                    let finite = [builder(), builder().left(f32::NEG_INFINITY), builder().left(-7.0).right(f32::NAN)];
                    let methods = [Method::Nearest, Method::Previous, Method::Next];
                    let any = methods.map(|method| builder().method(method));
                    for builder in finite.into_iter().chain([builder().extrapolate()]).chain(any) {
                        let table = builder.build(&self.device)?;
                        self.look_up(&table, &xp, kind)?;
                        self.locate(&table, &xp, kind)?;
                    }
                    self.look_up_and_reduce(&builder().build(&self.device)?, &xp)?;
                    self.look_up_and_reduce(&builder().method(methods[self.below(3)]).build(&self.device)?, &xp)?;
                }
            }
        }
        Ok(())
    }

    /// Queries whose cells are known, and everything that is made of them.
    fn locate(&self, table: &InterpTable<f32>, xp: &Array2<f32>, kind: Kind) -> Result<()> {
        let device = &self.device;
        for columns in [264, 263] {
            let x = device.upload(&self.queries(table.tables(), columns, xp))?;
            let (g, knots) = (self.values((table.tables(), columns), -1.0, 1.0), table.knots());
            let g = device.upload(&g)?;
            let full = device.upload(&self.values((table.tables(), columns), 0.1, 1.1))?;
            let along = device.upload(&self.values(columns, 0.1, 1.1))?;
            let at = table.locate_rows(&x)?;
            at.transpose_apply(&g)?;
            at.to_csr()?;
            let rows = device.upload(&self.values(table.tables(), -1.0, 1.0))?;
            at.transpose_apply_average(Axis(1), &full, &rows)?;
            at.transpose_apply_average(Axis(1), &along, &rows)?;
            let fp = device.upload(&self.values((table.tables(), knots), -1.0, 1.0))?;
            at.apply(&fp)?;
            at.apply_average(&fp, Axis(1), &full)?;
            at.apply_average(&fp, Axis(1), &along)?;
            table.derivative_rows(&x)?;
            if kind == Kind::One {
                let (x, g) = (x.reshape(columns)?, g.reshape(columns)?);
                let tangent = device.upload(&self.values(knots, -1.0, 1.0))?;
                table.derivative(&x)?;
                table.interp_vjp(&x, &g, Wanted::ALL)?;
                table.interp_jvp(&x, Tangents { x: Some(&g), xp: Some(&tangent), fp: Some(&tangent) })?;
                table.interp_jvp(&x, Tangents { xp: Some(&tangent), ..Tangents::default() })?;
            }
        }
        Ok(())
    }

    /// By four and by one.
    fn look_up(&self, table: &InterpTable<f32>, xp: &Array2<f32>, kind: Kind) -> Result<()> {
        let device = &self.device;
        if kind == Kind::One {
            let x = self.queries(1, 1031, xp);
            table.interp(&device.upload(&x)?)?;
            table.interp(&self.tight(&x)?)?;
            return Ok(());
        }
        for columns in [264, 263] {
            let x = self.queries(table.tables(), columns, xp);
            table.interp_rows(&device.upload(&x)?)?;
            table.interp_rows(&device.upload(&x.row(2))?)?;
        }
        Ok(())
    }

    /// Uploads into memory that ends with the values, as an application's may.
    fn tight(&self, values: &Array2<f32>) -> Result<DeviceArray<f32, Ix2>> {
        let bytes = size_of_val(values.as_slice().expect("in order")) as u64;
        let buffer = dispatch_log::tight_buffer(self.context(), bytes);
        let mut tight = DeviceArray::from_wgpu_buffer(&self.device, buffer, values.dim())?;
        tight.overwrite(values)?;
        Ok(tight)
    }

    /// By an invocation a row and by a workgroup a row, by four and by one, with weights of all kinds.
    fn look_up_and_reduce(&self, table: &InterpTable<f32>, xp: &Array2<f32>) -> Result<()> {
        let device = &self.device;
        for columns in [8, 7, 300, 301] {
            let x = device.upload(&self.queries(3, columns, xp))?;
            let along = device.upload(&self.values(columns, 0.1, 1.1))?;
            let full = device.upload(&self.values((3, columns), 0.1, 1.1))?;
            let sums = self.below(2) == 0;
            let alone = device.capture(&x, |x| {
                let y = table.interp_rows(x)?;
                if sums { y.sum_axis(Axis(1)) } else { y.mean_axis(Axis(1)) }
            })?;
            let averages = device.capture(&x, |x| table.interp_rows(x)?.average_axis_returned(Axis(1), &along))?;
            let weighted = device.capture(&x, |x| {
                let y = table.interp_rows(x)?;
                if sums { y.weighted_sum_axis(Axis(1), &full) } else { y.average_axis(Axis(1), &full) }
            })?;
            let skipping = [
                device.capture(&x, |x| table.interp_rows(x)?.skip_nan().mean_axis(Axis(1)))?,
                device.capture(&x, |x| table.interp_rows(x)?.skip_nan().average_axis_or(Axis(1), &full, -1.0))?,
                device.capture(&x, |x| table.interp_rows(x)?.skip_nan().average_axis(Axis(1), &along))?,
            ];
            assert_eq!([alone.fused(), averages.fused(), weighted.fused()], [1; 3]);
            assert!(skipping.iter().all(|plan| plan.fused() == 1));
            dispatch_log::replay_recorded(self.context())?;
        }
        Ok(())
    }

    /// Tables that the device made, sorted ones, ones with other values, tiny ones and deep ones; and rows in parts.
    fn other_tables(&self) -> Result<()> {
        let device = &self.device;
        for knots in [1, 2, 3, 9, 33, 130, 1000, 40_000] {
            let xp = self.knots(1, knots, Lookup::Bucketed);
            let (row, mut fp) = (xp.row(0).to_owned(), self.values(knots, -10.0, 10.0));
            if knots > 8 {
                for (place, special) in [(3, f32::NAN), (5, f32::INFINITY), (7, f32::NEG_INFINITY), (8, -0.0)] {
                    fp[place] = special;
                }
            }
            let x = device.upload(&self.queries(1, 500, &xp))?;
            InterpTable::new(device, &row, &fp)?.interp(&x)?;
            let (xp_there, fp_there) = (device.upload(&row)?, device.upload(&fp)?);
            let there = || InterpTable::device_builder(&xp_there, &fp_there);
            there().build()?.interp(&x)?;
            there().method(Method::Nearest).build()?.interp(&x)?;
            there().order(Order::Sort).build()?.interp(&x)?;
            there().order(Order::Descending).skip_missing().build()?.interp(&x)?;
            there().period(37.5).build()?.interp(&x)?;
            let reversed: Array1<f32> = row.iter().rev().copied().collect();
            let sorted = InterpTable::builder(&reversed, &fp).order(Order::Sort).build(device)?;
            let values = device.upload(&self.values((2, knots), -1.0, 1.0))?;
            sorted.with_values(&values)?.interp_rows(&x.reshape(500)?)?;
            if knots > 3 {
                let disordered = device.upload(&reversed)?;
                InterpTable::from_device(&disordered, &device.upload(&fp)?)?.interp(&x)?;
            }
            for (rows, columns) in [(3, 5000), (2, 20_000)] {
                let x = device.upload(&self.queries(rows, columns, &xp))?;
                let table = InterpTable::new(device, &row, &self.values(knots, -10.0, 10.0))?;
                let along = device.upload(&self.values(columns, 0.1, 1.1))?;
                let _plan = device.capture(&x, |x| {
                    let y = table.interp_rows(x)?;
                    Ok((y.sum_axis(Axis(1))?, table.interp_rows(x)?.average_axis(Axis(1), &along)?))
                })?;
                let _zeros = device.capture(&x, |x| {
                    table.interp_rows(x)?.average_axis(Axis(1), &device.upload(&Array1::zeros(columns))?)
                });
                dispatch_log::replay_recorded(self.context())?;
            }
        }
        Ok(())
    }

    /// Lines side by side, along, in blocks, in parts, with and without what is special.
    fn reductions(&self) -> Result<()> {
        for shape in [
            &[3, 8][..],
            &[8, 12],
            &[9, 7],
            &[65, 64],
            &[3, 1000],
            &[5, 40_000],
            &[3, 20_001],
            &[3, 5001, 3],
            &[2, 8, 8],
            &[1, 5000, 8],
            &[4, 5, 6],
        ] {
            for special in [false, true] {
                let mut a: ArrayD<f32> = self.values(IxDyn(shape), -1.0, 1.0);
                if special {
                    let specials = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, 3e38];
                    a.iter_mut().filter(|_| self.below(40) == 0).for_each(|value| *value = specials[self.below(6)]);
                }
                let a = self.device.upload(&a)?;
                let full = self.device.upload(&self.values(IxDyn(shape), 0.1, 1.1))?;
                for axis in 0..shape.len() {
                    self.reduce(&a, &full, Axis(axis))?;
                }
                a.sum()?;
                a.average(&full)?;
                if let [_, _, _] = shape {
                    a.mean_axes(&[Axis(0), Axis(2)])?;
                }
            }
        }
        Ok(())
    }

    fn reduce(&self, a: &DeviceArray<f32, IxDyn>, full: &DeviceArray<f32, IxDyn>, axis: Axis) -> Result<()> {
        let len = a.shape()[axis.0];
        let along = self.device.upload(&self.values(len, 0.1, 1.1))?;
        let zero = self.device.upload(&Array1::zeros(len))?;
        a.sum_axis(axis)?;
        a.mean_axis(axis)?;
        a.average_axis_returned(axis, &along)?;
        a.average_axis(axis, full)?;
        a.average_axis(axis, &zero)?;
        a.average_axis_or(axis, &zero, f32::NAN)?;
        a.weighted_sum_axis(axis, full)?;
        a.var_axis(axis, 0.0)?;
        a.std_axis(axis, 1.0)?;
        a.min_axis(axis)?;
        a.max_axis(axis)?;
        a.argmin_axis(axis)?;
        a.argmax_axis(axis)?;
        a.standardize_axis(axis, 0.0)?;
        self.backward(a, full, axis)?;
        let a = a.skip_nan();
        a.mean_axis(axis)?;
        a.average_axis(axis, &along)?;
        a.std_axis(axis, 0.0)?;
        a.min_axis(axis)?;
        Ok(())
    }

    /// Factors of rows, what they multiply, and sums over rows.
    fn backward(&self, a: &DeviceArray<f32, IxDyn>, full: &DeviceArray<f32, IxDyn>, axis: Axis) -> Result<()> {
        let along = self.device.upload(&self.values(a.shape()[axis.0], 0.1, 1.1))?;
        let g = a.mean_axis(axis)?;
        a.sum_axis_vjp(axis, &g)?;
        a.mean_axis_vjp(axis, &g)?;
        a.std_axis_vjp(axis, 0.0, &g)?;
        a.average_axis_vjp(axis, &along, &g)?;
        a.average_axis_vjp(axis, full, &g)?;
        a.weighted_sum_axis_vjp(axis, &along, &g)?;
        a.standardize_axis_vjp(axis, 0.0, full)?;
        Ok(())
    }

    /// In few knots, many, on a logarithmic axis, in decreasing ones; and so many values that workgroups are folded
    /// into the second dimension.
    fn searches(&self) -> Result<()> {
        let scattered = self.knots(1, 1000, Lookup::Bucketed).row(0).to_owned();
        let logarithmic: Array1<f32> = (0..300).map(|power| 1.1_f32.powi(power - 150)).collect();
        let few = Array1::from(vec![-1.0_f32, 0.0, 0.0, 2.0, f32::NAN]);
        let x = self.queries(1, 1000, &scattered.clone().insert_axis(Axis(0)));
        for xp in [&scattered, &logarithmic, &few] {
            let knots = Knots::new(&self.device, xp)?;
            let x = self.device.upload(&x)?;
            knots.searchsorted(&x, Side::Left)?;
            knots.searchsorted(&x, Side::Right)?;
            knots.digitize(&x, true)?;
            let reversed: Array1<f32> = xp.iter().rev().copied().collect();
            Knots::new(&self.device, &reversed)?.digitize(&x, false)?;
            // One by one: neither the number nor the memory of these is a multiple of four.
            let odd = self.queries(1, 1031, &scattered.clone().insert_axis(Axis(0)));
            knots.searchsorted(&self.tight(&odd)?, Side::Left)?;
        }
        let many = self.device.upload(&self.values(65_536 * 64 + 5, -60.0, 60.0))?;
        Knots::new(&self.device, &few)?.searchsorted(&many, Side::Right)?;
        Ok(())
    }
}

/// What is moved and not looked at needs no 64 bits in a shader.
fn rearranged_words_of_64_bits(device: &Device) -> Result<()> {
    let a = ArrayD::from_shape_fn(IxDyn(&[4, 5, 6]), |place| (place[0] * 30 + place[1] * 6 + place[2]) as f64 / 7.0);
    device.upload(&a)?.sum_axes(&[Axis(0), Axis(2)])?;
    Ok(())
}
