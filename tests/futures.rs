//! Readbacks as futures: under any executor, many at a time, never in the way of their thread, and dropped whenever one
//! likes.

mod support;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures::future::{Either, join_all, select, try_join_all};
use ndarray::{Array1, Array2, Axis, Ix1, arr1, arr2};
use ndgpu::{Device, DeviceArray, ErrorKind, Float, HostArray, InterpTable, Readback, Result};
use support::engines::{fresh_engines, on_every_engine};
use support::memory::resident_bytes;
use support::report::say;

fn numbers<T: Float>(device: &Device, first: usize) -> DeviceArray<T, Ix1> {
    device.upload(&Array1::from_shape_fn(100, |index| T::narrow((first + index) as f64))).unwrap()
}

/// Runs a future to its end on some executor.
type Executor = fn(std::pin::Pin<Box<dyn Future<Output = ()> + Send>>);

fn executors() -> [(&'static str, Executor); 4] {
    [
        ("futures", |future| futures::executor::block_on(future)),
        ("pollster", |future| pollster::block_on(future)),
        ("tokio, one thread", |future| {
            tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
        }),
        ("tokio, threads", |future| {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
            runtime.block_on(async { tokio::spawn(future).await.unwrap() })
        }),
    ]
}

#[test]
fn readbacks_can_be_awaited_under_any_executor() {
    fn check<T: Float>(device: &Device, name: &str) {
        for (executor, run) in executors() {
            let (device, what) = (device.clone(), format!("{name}, {executor}"));
            run(Box::pin(async move {
                let array = numbers::<T>(&device, 0);
                let landed = array.readback().await.unwrap();
                assert_eq!(landed.view()[99], T::narrow(99.0), "{what}");
                let sums = (0..5).map(|first| numbers::<T>(&device, first).sum().unwrap().into_readback());
                let sums: Vec<T> =
                    join_all(sums).await.into_iter().map(|sum| sum.unwrap().into_array().into_scalar()).collect();
                let want: Vec<T> = (0..5).map(|first| T::narrow(4950.0 + 100.0 * f64::from(first))).collect();
                assert_eq!(sums, want, "{what}");
                // What the device found travels with the data.
                let weights = device.upload(&arr1(&[T::one(), -T::one()])).unwrap();
                let data = device.upload(&arr2(&[[T::one(), T::one()]])).unwrap();
                let error = data.average_axis(Axis(1), &weights).unwrap().readback().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ZeroWeights, "{what}");
            }));
        }
    }
    on_every_engine!(check);
}

#[test]
fn readbacks_asked_for_together_share_a_submission() {
    fn check<T: Float>(device: &Device, name: &str) {
        let arrays: Vec<_> = (0..64).map(|first| numbers::<T>(device, first)).collect();
        device.synchronize().unwrap();
        let before = device.submissions();
        let landed = pollster::block_on(try_join_all(arrays.iter().map(|array| array.readback()))).unwrap();
        let submissions = device.submissions() - before;
        let is_gpu = device.info().kind != ndgpu::DeviceKind::Cpu;
        assert_eq!(submissions, u64::from(is_gpu), "{name}");
        for (first, landed) in landed.iter().enumerate() {
            assert_eq!(landed.view()[0], T::narrow(first as f64), "{name}");
        }
    }
    // Devices of its own, so that nobody else submits anything.
    on_every_engine!(check; on fresh_engines());
}

/// A readback behind a lot of work on little memory, so that nothing is submitted before somebody asks: queries far
/// outside the period of a table, by long division.
fn busy<T: Float>(table: &InterpTable<T>, x: &DeviceArray<T, Ix1>) -> Readback<T, Ix1> {
    table.interp(x).unwrap().readback()
}

#[test]
fn asking_does_not_wait_for_the_device() {
    fn check<T: Float>(device: &Device, name: &str) {
        if device.info().kind == ndgpu::DeviceKind::Cpu {
            return; // The CPU engine has the data before they are asked for.
        }
        let table = InterpTable::builder(&[T::zero(), T::narrow(1e-3)], &[T::zero(), T::one()])
            .period(T::narrow(1.5e-3))
            .build(device)
            .unwrap();
        let x = device.upload(&Array1::from_shape_fn(100_000, |x| T::narrow(1e30 * (x + 1) as f64))).unwrap();
        busy(&table, &x).wait().unwrap(); // Compiles the kernels.
        let start = Instant::now();
        busy(&table, &x).wait().unwrap();
        let whole = start.elapsed();

        // Asked over and over, one behind the other, while a thread waits for the device already.
        let mut slowest = Duration::ZERO;
        let mut task = Context::from_waker(Waker::noop());
        let mut first = busy(&table, &x);
        let mut second = busy(&table, &x);
        let start = Instant::now();
        let mut asked = 0;
        loop {
            let moment = Instant::now();
            let one = matches!(std::pin::Pin::new(&mut first).poll(&mut task), Poll::Ready(_));
            slowest = slowest.max(moment.elapsed());
            asked += 1;
            if one || start.elapsed() > Duration::from_secs(60) {
                break;
            }
            let moment = Instant::now();
            let other = matches!(std::pin::Pin::new(&mut second).poll(&mut task), Poll::Ready(_));
            slowest = slowest.max(moment.elapsed());
            assert!(!other, "{name}: the second came before the first");
            std::thread::sleep(whole / 50);
        }
        assert!(asked > 3, "{name}: asked {asked} times only, all the work took {whole:?}");
        assert!(slowest < whole / 2, "{name}: a question took {slowest:?}, all the work {whole:?}");
        second.wait().unwrap();
    }
    on_every_engine!(check; on fresh_engines());
}

#[test]
fn readbacks_may_be_dropped_at_any_time() {
    fn check<T: Float>(device: &Device, name: &str) {
        let array = device.upload(&Array2::from_elem((256, 1024), T::one())).unwrap();
        let before = resident_bytes();
        let mut task = Context::from_waker(Waker::noop());
        for round in 0..240 {
            match round % 4 {
                // Before anything was submitted, once it was, and once it has arrived.
                0 => drop(array.readback()),
                1 => drop(pin!(array.readback()).poll(&mut task)),
                2 => {
                    let readback = array.readback();
                    device.synchronize().unwrap();
                    drop(readback);
                }
                // Of an array that is given up with it.
                _ => {
                    let copy = device.upload(&Array2::from_elem((256, 1024), T::one())).unwrap();
                    drop(pin!(copy.into_readback()).poll(&mut task));
                }
            }
        }
        device.synchronize().unwrap();
        if let (Some(before), Some(after)) = (before, resident_bytes()) {
            let grown = after.saturating_sub(before) >> 20;
            assert!(grown < 120, "{name}: {grown} MiB more are in use after 240 readbacks of 1 or 2 MiB");
        }
        assert_eq!(array.readback().wait().unwrap().view().sum(), T::narrow(262_144.0), "{name}");

        // The loser of a race, and of a timeout.
        pollster::block_on(async {
            let winner = std::future::ready(7);
            match select(pin!(winner), array.readback()).await {
                Either::Left((seven, loser)) => {
                    assert_eq!(seven, 7);
                    drop(loser);
                }
                Either::Right(_) => panic!("{name}: the other one was ready first"),
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let late = async {
                futures::future::pending::<()>().await;
                array.readback().await
            };
            assert!(tokio::time::timeout(Duration::from_millis(5), late).await.is_err());
            let landed: Result<HostArray<T, _>> = tokio::time::timeout(Duration::from_secs(60), array.readback())
                .await
                .expect("a readback takes no minute");
            assert_eq!(landed.unwrap().view()[[255, 1023]], T::one(), "{name}");
        });
    }
    on_every_engine!(check);
}

/// Many at once, from many tasks on several threads.
#[test]
fn tasks_on_several_threads_share_a_device() {
    fn check<T: Float>(device: &Device, name: &str) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
        runtime.block_on(async {
            let tasks = (0..32).map(|task| {
                let device = device.clone();
                tokio::spawn(async move {
                    for round in 0..8 {
                        let first = task * 100 + round;
                        let sum = numbers::<T>(&device, first).sum().unwrap().readback().await.unwrap();
                        assert_eq!(sum.into_array().into_scalar(), T::narrow(4950.0 + 100.0 * first as f64));
                    }
                })
            });
            for task in join_all(tasks).await {
                task.unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        });
    }
    on_every_engine!(check);
}

/// 32 requests on an executor with one thread, beside a task that wants to run every millisecond: how long it was kept
/// from that at most, and how long everything took.
fn longest_gap(requests: impl Iterator<Item = impl Future<Output = ()> + 'static>) -> (Duration, Duration) {
    let requests: Vec<_> = requests.collect(); // What they bring along is not the executor's to make.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async {
        let ticking = tokio::task::spawn_local(async {
            let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                longest = longest.max(last.elapsed());
                last = Instant::now();
                GAP.set(longest);
            }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        let start = Instant::now();
        let requests: Vec<_> = requests.into_iter().map(tokio::task::spawn_local).collect();
        for request in requests {
            request.await.unwrap();
        }
        let whole = start.elapsed();
        tokio::time::sleep(Duration::from_millis(20)).await;
        ticking.abort();
        (GAP.take(), whole)
    })
}

thread_local! {
    static GAP: std::cell::Cell<Duration> = const { std::cell::Cell::new(Duration::ZERO) };
}

/// The claim of the page `async_services`.
#[test]
fn requests_in_the_background_leave_the_executor_to_others() {
    fn check<T: Float>(device: &Device, name: &str) {
        let table = InterpTable::builder(&[T::zero(), T::narrow(1e-3)], &[T::zero(), T::one()])
            .period(T::narrow(1.5e-3))
            .build(device)
            .unwrap();
        let request = |len: usize| Array1::from_shape_fn(len, |x| T::narrow(1e30 * (x + 1) as f64));
        let time = |len: usize| {
            let x = device.upload(&request(len)).unwrap();
            let start = Instant::now();
            busy(&table, &x).wait().unwrap();
            start.elapsed()
        };
        time(100); // Compiles the kernels.
        // About 25 ms each.
        let sample = time(10_000).max(Duration::from_micros(10));
        let len = (10_000.0 * 0.025 / sample.as_secs_f64()).clamp(1000.0, 1e7) as usize;

        let in_background = (0..32).map(|_| {
            let (device, table, values) = (device.clone(), table.clone(), request(len));
            async move {
                let readback =
                    ndgpu::in_background(move || Ok::<_, ndgpu::Error>(busy(&table, &device.upload(&values)?)));
                let landed = readback.await.unwrap().await.unwrap();
                // Also what lets go of it: with OpenGL that waits for the submissions of others.
                ndgpu::in_background(move || assert_eq!(landed.shape(), [len])).await;
            }
        });
        let (gap, whole) = longest_gap(in_background);
        say(&format!("{name}: {len} queries a request, all in {whole:?}, no tick for {gap:?}"));
        assert!(gap < whole / 4, "{name}: no tick for {gap:?} of {whole:?}");

        // That the test would notice: the same calls in the tasks themselves.
        if device.info().kind == ndgpu::DeviceKind::Cpu {
            let in_the_task = (0..32).map(|_| {
                let (device, table, values) = (device.clone(), table.clone(), request(len));
                async move {
                    busy(&table, &device.upload(&values).unwrap()).await.unwrap();
                }
            });
            let (gap, whole) = longest_gap(in_the_task);
            say(&format!("{name}: in the tasks all in {whole:?}, no tick for {gap:?}"));
            assert!(gap > whole / 2, "{name}: the tasks took {whole:?} and kept others waiting for {gap:?} only");
        }
    }
    on_every_engine!(check; on fresh_engines());
}
