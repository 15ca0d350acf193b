//! Streams: what comes out chunk by chunk is what the whole would give, in order, with so many chunks under way as the
//! window allows, and no more after the first error.

mod support;

use std::cell::Cell;
use std::rc::Rc;

use ndarray::{Array, Array1, Array2, Axis, Ix1, Ix2, arr1, concatenate, s};
use ndgpu::{Device, DeviceArray, Error, ErrorKind, Float, InterpTable, Result};
use support::engines::on_every_engine;
use support::memory::resident_bytes;
use support::random::Random;

fn matrix<T: Float>(rows: usize, columns: usize) -> Array2<T> {
    let mut random = Random::new(11);
    Array2::from_shape_simple_fn((rows, columns), || T::narrow(random.unit() * 4.0))
}

fn table<T: Float>(device: &Device) -> InterpTable<T> {
    let knots: Vec<T> = (0..5).map(|knot| T::narrow(f64::from(knot))).collect();
    InterpTable::new(device, &knots, &knots.iter().map(|&x| x * x).collect::<Vec<_>>()).unwrap()
}

#[test]
fn a_stream_gives_what_the_whole_gives() {
    fn check<T: Float>(device: &Device, name: &str) {
        let (data, table) = (matrix::<T>(1003, 17), table::<T>(device));
        let operation = |x: &DeviceArray<T, Ix2>| table.interp(x)?.max_axis(Axis(1));
        let whole = operation(&device.upload(&data).unwrap()).unwrap().readback().wait().unwrap().into_array();
        let joined = |parts: Vec<Array1<T>>| {
            let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
            concatenate(Axis(0), &views).unwrap()
        };
        let landed = |result: Result<ndgpu::HostArray<T, Ix1>>| result.unwrap().into_array();
        for window in [1, 2, 3, 50] {
            let views = device.stream(data.axis_chunks_iter(Axis(0), 100), operation).window(window);
            assert_eq!(joined(views.map(landed).collect()), whole, "{name}, views, window {window}");
        }
        let owned = data.axis_chunks_iter(Axis(0), 400).map(|chunk| chunk.to_owned());
        assert_eq!(joined(device.stream(owned, operation).map(landed).collect()), whole, "{name}, owned");
        // Of any layout, part of a larger allocation, from a source that can fail, and not all of one shape.
        let halves = [0..500, 500..1003].map(|rows| {
            let mut half = Array2::from_elem((rows.len() + 2, 17), T::nan());
            let inside = 1..rows.len() + 1;
            half.slice_mut(s![inside.clone(), ..]).assign(&data.slice(s![rows, ..]));
            half.slice_move(s![inside, ..])
        });
        let shared = halves.iter().map(|half| half.to_shared());
        assert_eq!(joined(device.stream(shared, operation).map(landed).collect()), whole, "{name}, shared");
        let fallible = halves.into_iter().map(Ok::<_, std::io::Error>);
        assert_eq!(joined(device.stream(fallible, operation).map(landed).collect()), whole, "{name}, results");
        let reversed = data.slice(s![.., ..;-1]);
        let references = [&reversed.slice(s![..7, ..]), &reversed.slice(s![7.., ..])].map(|part| part.to_owned());
        assert_eq!(joined(device.stream(&references, operation).map(landed).collect()), whole, "{name}, references");
        // As futures have it.
        let asked = device.stream(data.axis_chunks_iter(Axis(0), 64), operation);
        let parts: Vec<_> =
            futures::executor::block_on(futures::StreamExt::collect(futures::StreamExt::map(asked, landed)));
        assert_eq!(joined(parts), whole, "{name}, futures");
        // Nothing at all.
        let none: [Array2<T>; 0] = [];
        assert!(device.stream(none, operation).next().is_none(), "{name}");
    }
    on_every_engine!(check);
}

#[test]
fn no_more_is_under_way_than_the_window_allows() {
    fn check<T: Float>(device: &Device, name: &str) {
        let data = matrix::<T>(640, 3);
        for window in [1, 2, 5] {
            let asked_for = Rc::new(Cell::new(0_u64));
            let counter = asked_for.clone();
            let source = data.axis_chunks_iter(Axis(0), 10).inspect(move |_| counter.set(counter.get() + 1));
            let mut stream = device.stream(source, |x: &DeviceArray<T, Ix2>| x.sum()).window(window);
            let monitor = stream.monitor();
            assert_eq!(monitor.progress().chunks_in, 0, "{name}: nothing is done before it is asked for");
            let mut delivered = 0;
            while let Some(result) = stream.next() {
                let result = result.unwrap();
                delivered += 1;
                let progress = stream.progress();
                assert_eq!(progress.chunks_out, delivered, "{name}");
                assert_eq!(progress.chunks_in, asked_for.get(), "{name}");
                assert!(progress.under_way() < window as u64, "{name}: {progress:?}, window {window}");
                assert_eq!(result.shape(), [0_usize; 0]);
            }
            let progress = monitor.progress();
            let size = size_of::<T>() as u64;
            assert_eq!((progress.chunks_in, progress.chunks_out), (64, 64), "{name}");
            assert_eq!((progress.bytes_in, progress.bytes_out), (640 * 3 * size, 64 * size), "{name}");
            assert!(progress.elapsed.as_nanos() > 0, "{name}");
        }
    }
    on_every_engine!(check);
}

/// What a source failed with is there to be looked at, and the message says with which chunk.
#[test]
fn an_error_of_the_source_is_kept() {
    #[derive(Debug, PartialEq)]
    struct Torn(usize);
    impl std::fmt::Display for Torn {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "page {} is torn", self.0)
        }
    }
    impl std::error::Error for Torn {}
    type Boxed = Box<dyn std::error::Error + Send + Sync>;

    fn failed<T: Float, E: std::fmt::Display + 'static>(device: &Device, error: E) -> Error {
        let chunks = [Ok(Array1::from_elem(3, T::one())), Ok(Array1::from_elem(2, T::one())), Err(error)];
        let mut results = device.stream(chunks, |x: &DeviceArray<T, Ix1>| x.sum());
        assert_eq!(results.by_ref().take(2).filter(Result::is_ok).count(), 2);
        results.next().unwrap().unwrap_err()
    }

    fn check<T: Float>(device: &Device, name: &str) {
        let errors = [
            failed::<T, _>(device, Error::from_source(Torn(7))),
            failed::<T, _>(device, Boxed::from(Torn(7))),
            failed::<T, _>(device, std::io::Error::other(Torn(7))),
            failed::<T, _>(device, "page 7 is torn"),
            failed::<T, _>(device, Error::other("page 7 is torn")),
        ];
        for error in &errors {
            assert_eq!(error.kind(), ErrorKind::Source, "{name}");
            let text = error.to_string();
            assert!(text.starts_with("chunk 2 ") && text.contains("page 7 is torn"), "{name}: {text}");
        }
        let [wrapped, boxed, io, text, own] = errors.each_ref().map(|error| std::error::Error::source(error));
        assert_eq!(wrapped.unwrap().downcast_ref(), Some(&Torn(7)), "{name}");
        assert_eq!(boxed.unwrap().downcast_ref(), Some(&Torn(7)), "{name}");
        let io = io.unwrap().downcast_ref::<std::io::Error>().unwrap();
        assert!(io.get_ref().unwrap().is::<Torn>(), "{name}");
        assert!(text.is_none(), "{name}: a text is in the message");
        assert_eq!(own.unwrap().downcast_ref::<Error>().unwrap().kind(), ErrorKind::Other, "{name}");

        // In the operation, too, and where the device found something.
        let chunks = [Array1::from_elem(3, T::one()), Array1::from_elem(2, T::one())];
        let torn = |x: &DeviceArray<T, Ix1>| if x.len() == 2 { Err(Error::from_source(Torn(1))) } else { x.sum() };
        let error = device.stream(&chunks, torn).last().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other, "{name}");
        assert_eq!(std::error::Error::source(&error).unwrap().downcast_ref(), Some(&Torn(1)), "{name}");
        assert!(error.to_string().starts_with("chunk 1 "), "{name}: {error}");
        let weights = [T::one(), -T::one(), T::zero()];
        let average = |x: &DeviceArray<T, Ix1>| x.average(&device.upload(&arr1(&weights[..x.len()]))?);
        let chunks = [Array1::ones(1), Array1::ones(1), Array1::ones(3), Array1::ones(1)];
        let error = device.stream(chunks, average).last().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ZeroWeights, "{name}");
        assert!(error.to_string().starts_with("chunk 2 "), "{name}: {error}");
    }
    on_every_engine!(check);
}

/// Everything before the first error comes, then the error, then nothing, and the source is not asked again.
#[test]
fn the_first_error_is_the_last_item() {
    fn check<T: Float>(device: &Device, name: &str) {
        let data = matrix::<T>(80, 4);
        let mut weights = Array2::from_elem((80, 4), T::one());
        weights.row_mut(57).fill(T::zero());
        let outcome = |kinds: Vec<Option<ErrorKind>>| {
            let (last, before) = kinds.split_last().unwrap();
            assert!(before.iter().all(|kind| kind.is_none()), "{name}: {kinds:?}");
            (before.len(), last.unwrap())
        };
        let kind = |result: Result<ndgpu::HostArray<T, Ix1>>| result.err().map(|error| error.kind());

        // Found by the device: the sixth chunk holds the row.
        let mut number = 0;
        let stream = device.stream(data.axis_chunks_iter(Axis(0), 10), |x| {
            let part = device.upload(&weights.slice(s![number * 10..number * 10 + 10, ..]))?;
            number += 1;
            x.average_axis(Axis(1), &part)
        });
        assert_eq!(outcome(stream.map(kind).collect()), (5, ErrorKind::ZeroWeights), "{name}");

        // Found by the host, in the operation.
        let stream = device.stream(data.axis_chunks_iter(Axis(0), 30), |x: &DeviceArray<T, Ix2>| {
            if x.shape()[0] == 30 { x.sum_axis(Axis(1)) } else { x.sum_axis(Axis(2)).map(|_| unreachable!()) }
        });
        let wrong_axis = ErrorKind::AxisOutOfRange { axis: 2, ndim: 2 };
        assert_eq!(outcome(stream.map(kind).collect()), (2, wrong_axis), "{name}");

        // From the source, which is not asked again.
        let mut asked = 0;
        let source = std::iter::from_fn(|| {
            asked += 1;
            Some(if asked == 3 { Err("the disk is gone") } else { Ok(data.clone()) })
        });
        let mut stream = device.stream(source, |x: &DeviceArray<T, Ix2>| x.sum_axis(Axis(0)));
        let mut kinds = Vec::new();
        for result in stream.by_ref() {
            if let Err(error) = &result {
                assert!(error.to_string().contains("the disk is gone"), "{name}: {error}");
            }
            kinds.push(kind(result));
        }
        assert_eq!(outcome(kinds), (2, ErrorKind::Source), "{name}");
        assert!(stream.next().is_none(), "{name}");
        drop(stream);
        assert_eq!(asked, 3, "{name}");

        // A result of another device.
        let other = Device::cpu();
        let elsewhere = other.upload(&Array1::<T>::zeros(2)).unwrap();
        let stream = device.stream([&data], |_: &DeviceArray<T, Ix2>| Ok(elsewhere.clone()));
        assert_eq!(outcome(stream.map(kind).collect()), (0, ErrorKind::DeviceMismatch), "{name}");
    }
    on_every_engine!(check);
}

#[test]
fn a_stream_may_be_dropped_at_any_time() {
    fn check<T: Float>(device: &Device, name: &str) {
        let source = Rc::new(matrix::<T>(1 << 15, 8));
        let before = resident_bytes();
        for taken in 0..40 {
            let data = source.clone();
            let chunks = (0..).map(move |_| data.as_ref().clone());
            let mut stream = device.stream(chunks, |x: &DeviceArray<T, Ix2>| Ok(x.clone()));
            for _ in 0..taken % 4 {
                stream.next().unwrap().unwrap();
            }
            drop(stream);
            assert_eq!(Rc::strong_count(&source), 1, "{name}: the source is let go");
        }
        device.synchronize().unwrap();
        if let (Some(before), Some(after)) = (before, resident_bytes()) {
            // Kept, they would be 40 x 3 chunks of 1 or 2 MiB, and as much staging memory.
            let grown = after.saturating_sub(before) >> 20;
            assert!(grown < 100, "{name}: {grown} MiB more are in use");
        }
        let sum = device.upload(&Array1::from_elem(3, T::one())).unwrap().sum().unwrap();
        assert_eq!(sum.readback().wait().unwrap().into_array(), Array::from_elem((), T::narrow(3.0)), "{name}");
    }
    on_every_engine!(check);
}

#[test]
fn a_panic_in_the_operation_ends_the_stream_and_nothing_else() {
    fn check<T: Float>(device: &Device, name: &str) {
        let data = matrix::<T>(40, 4);
        let mut count = 0;
        let mut stream = device.stream(data.axis_chunks_iter(Axis(0), 10), |x| {
            count += 1;
            assert!(count < 3, "a mistake in the operation");
            x.sum_axis(Axis(1))
        });
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut results = 0;
            while stream.next().is_some() {
                results += 1;
            }
            results
        }));
        assert!(panicked.is_err(), "{name}");
        // What was under way is still delivered.
        let rest = stream.filter(|result| result.is_ok()).count();
        assert!(rest <= 2, "{name}");
        let sum = device.upload(&data).unwrap().sum_axis(Axis(1)).unwrap();
        assert_eq!(sum.readback().wait().unwrap().shape(), [40], "{name}");
    }
    on_every_engine!(check);
}

/// Chunks that are part of the memory they own: what lies before and behind them in it belongs to nobody.
#[test]
fn chunks_that_own_more_than_they_show_bring_what_they_show() {
    fn check<T: Float>(device: &Device, name: &str) {
        for (before, behind) in [(0, 0), (2, 0), (0, 3), (2, 3), (0, 20_000), (20_000, 0)] {
            let values = Array1::from_shape_fn(before + 5 + behind, |index| T::narrow(index as f64));
            let chunk = values.slice_move(s![before..before + 5]);
            let (want, what) = (chunk.clone(), format!("{name}, {before} before and {behind} behind"));
            let operation = |x: &DeviceArray<T, Ix1>| Ok(x.clone());
            let landed = device.stream([chunk.clone()], operation).next().unwrap().unwrap();
            assert_eq!(landed.view(), want, "{what}");
            assert_eq!(landed.into_array(), want, "{what}");
            let sum = device.stream([chunk], |x: &DeviceArray<T, Ix1>| x.sum()).next().unwrap().unwrap();
            assert_eq!(sum.view()[()], want.sum(), "{what}");
        }
        // Columns and reversed rows lie in no such order: they are copied.
        let whole = matrix::<T>(7, 9);
        for chunk in
            [whole.clone().slice_move(s![.., 2..5]), whole.clone().slice_move(s![..;-1, ..]), whole.reversed_axes()]
        {
            let want = chunk.clone();
            let landed = device.stream([chunk], |x: &DeviceArray<T, Ix2>| Ok(x.clone())).next().unwrap().unwrap();
            assert_eq!(landed.into_array(), want, "{name}");
        }
    }
    on_every_engine!(check);
}
