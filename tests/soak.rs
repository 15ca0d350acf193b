//! Load: many threads share a device for a while, each asking for whatever there is, waiting, awaiting, giving up;
//! every result is checked. `NDGPU_SOAK_SECONDS` says how long.

mod support;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ndgpu::{Device, InterpTable};
use support::calls::{Operands, assert_like, calls};
use support::engines::fresh;
use support::random::Random;
use support::report::say;

const THREADS: usize = 16;

/// Nothing waits for longer than this, unless for each other.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn sixteen_threads_share_a_device() {
    let seconds = std::env::var("NDGPU_SOAK_SECONDS").map_or(3.0, |seconds| seconds.parse().unwrap());
    for engine in ["cpu f32", "gpu f32"] {
        let device = fresh(engine);
        let inputs: Vec<_> = [(3, 5), (40, 30), (7, 900)]
            .into_iter()
            .zip(1..)
            .map(|((rows, columns), seed)| Operands::<f32>::new(rows, columns, 50, seed))
            .collect();
        let cpu = Device::cpu();
        let all = calls::<f32>();
        let answers: Vec<Vec<_>> =
            inputs.iter().map(|o| all.iter().map(|(_, call)| call(&cpu, o).unwrap()).collect()).collect();
        let (done, dropped, over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|number| {
                    let (device, all, inputs, answers, done, dropped) =
                        (&device, &all, &inputs, &answers, &done, &dropped);
                    scope.spawn(move || {
                        let mut random = Random::new(number as u64);
                        while Instant::now() < end {
                            let (which, input) = (random.below(all.len()), random.below(inputs.len()));
                            let (name, call) = all[which];
                            let got = call(device, &inputs[input]).unwrap_or_else(|error| panic!("{name}: {error}"));
                            assert_like(&got, &answers[input][which], f64::from(f32::EPSILON), name);
                            done.fetch_add(1, Ordering::Relaxed);
                            if random.below(4) == 0 {
                                give_up(device, &inputs[input], &mut random);
                                dropped.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    })
                })
                .collect();
            // A deadlock would keep the test from ending: who looks on ends it.
            let over = &over;
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    if Instant::now() > end + PATIENCE {
                        eprintln!("threads that share a device wait for each other");
                        std::process::abort();
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            let outcomes: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
            over.store(true, Ordering::Relaxed);
            outcomes.into_iter().for_each(|outcome| outcome.unwrap());
        });
        device.synchronize().unwrap();
        let (done, dropped) = (done.into_inner(), dropped.into_inner());
        say(&format!("{engine}: {done} results checked, {dropped} readbacks given up, {seconds} s"));
        assert!(done > 100 && dropped > 10, "{done} {dropped}");
    }
}

/// Asks for something and lets go of it: before it is polled, after, or of the whole stream.
fn give_up(device: &Device, o: &Operands<f32>, random: &mut Random) {
    let table = InterpTable::new(device, &o.xp, &o.fp).unwrap();
    let y = table.interp(&device.upload(&o.a).unwrap()).unwrap();
    match random.below(3) {
        0 => drop(y.readback()),
        1 => {
            let mut readback = y.into_readback();
            let waker = futures::task::noop_waker();
            let mut task = std::task::Context::from_waker(&waker);
            drop(std::future::Future::poll(std::pin::Pin::new(&mut readback), &mut task));
        }
        _ => {
            let rows = o.a.rows().into_iter();
            let mut stream = device.stream(rows, |row: &ndgpu::DeviceArray<f32, _>| row.sum());
            drop(stream.next());
        }
    }
}
