//! [`OnceMap`]: values that are expensive to make, made once a key. No lock is held across the whole map meanwhile: a thread
//! that asks for another key does not wait, one that asks for the same key does.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use crate::error::Result;

pub(crate) struct OnceMap<K, V>(RwLock<HashMap<K, Arc<Slot<V>>>>);

struct Slot<V> {
    value: OnceLock<V>,
    /// Held by the thread that makes the value.
    making: Mutex<()>,
}

impl<K, V> Default for OnceMap<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K, V> OnceMap<K, V> {
    /// The value of a key: made now by `make` unless it was before. Allocates nothing if it was. A failure is not kept:
    /// the next thread that asks tries again.
    pub fn get_or_make<Q>(&self, key: &Q, own: impl FnOnce() -> K, make: impl FnOnce() -> Result<V>) -> Result<V>
    where
        K: Borrow<Q> + Eq + Hash,
        Q: Eq + Hash + ?Sized,
        V: Clone,
    {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = known.get(key).and_then(|slot| slot.value.get()) {
            return Ok(value.clone());
        }
        drop(known);
        let slot =
            self.0.write().unwrap_or_else(PoisonError::into_inner).entry(own()).or_insert_with(Slot::empty).clone();
        let _making = slot.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = slot.value.get() {
            return Ok(value.clone());
        }
        let value = make()?;
        Ok(slot.value.get_or_init(|| value).clone())
    }
}

impl<V> Slot<V> {
    fn empty() -> Arc<Self> {
        Arc::new(Self { value: OnceLock::new(), making: Mutex::new(()) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::thread::scope;
    use std::time::Duration;

    use super::*;
    use crate::error::Error;

    fn get(map: &OnceMap<u8, usize>, key: u8, make: impl FnOnce() -> Result<usize>) -> Result<usize> {
        map.get_or_make(&key, || key, make)
    }

    /// Were a lock of the whole map held, the second thread would never come back.
    #[test]
    fn a_thread_that_asks_for_another_key_does_not_wait() {
        let map = &OnceMap::default();
        get(map, 1, || Ok(10)).unwrap();
        let (begun, begins) = channel();
        let (finish, finishes) = channel::<()>();
        scope(|threads| {
            let slow = threads.spawn(move || {
                get(map, 2, move || {
                    begun.send(()).unwrap();
                    finishes.recv_timeout(Duration::from_secs(60)).expect("the other keys to be served meanwhile");
                    Ok(20)
                })
            });
            begins.recv().unwrap();
            assert_eq!(get(map, 1, || Err(Error::other("made twice"))).unwrap(), 10);
            assert_eq!(get(map, 3, || Ok(30)).unwrap(), 30);
            finish.send(()).unwrap();
            assert_eq!(slow.join().unwrap().unwrap(), 20);
        });
    }

    #[test]
    fn threads_that_ask_for_one_key_share_what_one_of_them_makes() {
        let (map, made) = (OnceMap::default(), AtomicUsize::new(0));
        let make = || {
            std::thread::sleep(Duration::from_millis(20));
            Ok(made.fetch_add(1, Ordering::Relaxed))
        };
        scope(|threads| {
            let all: Vec<_> = (0..8).map(|_| threads.spawn(|| get(&map, 1, make).unwrap())).collect();
            assert!(all.into_iter().all(|thread| thread.join().unwrap() == 0));
        });
        assert_eq!(made.into_inner(), 1);
    }

    #[test]
    fn a_failure_or_a_panic_is_not_kept() {
        let map = OnceMap::default();
        assert!(get(&map, 1, || Err(Error::other("for now"))).is_err());
        let panicking = || get(&map, 1, || panic!("for now"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panicking)).is_err());
        assert_eq!(get(&map, 1, || Ok(7)).unwrap(), 7);
    }
}
