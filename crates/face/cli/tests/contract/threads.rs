//! Many threads at once: each has its own connection, and all share the library.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use crate::caller::*;

#[test]
fn many_threads_dial_list_ask_and_hang_up_at_once() {
    const THREADS: usize = 6;
    const TURNS: usize = 3;
    stage();
    let done = AtomicBool::new(false);
    let looks = AtomicU32::new(0);
    thread::scope(|scope| {
        let watchers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        for (handle, _) in list() {
                            // It may have gone since.
                            assert!(matches!(status(handle).0, 0 | NO_HANDLE));
                        }
                        looks.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let dialers: Vec<_> = (0..THREADS)
            .map(|number| {
                scope.spawn(move || {
                    let name = entry(&format!("thread {number}"));
                    for _ in 0..TURNS {
                        let (result, handle) = Dial::entry(&name).synchronous();
                        assert_eq!(result, 0, "{name}");
                        assert!(list().iter().any(|row| *row == (handle, name.clone())));
                        assert_eq!(status(handle).1.u32("rasconnstate"), CONNECTED);
                        end(handle);
                        assert_eq!(hang_up(handle), 668);
                    }
                })
            })
            .collect();
        dialers.into_iter().for_each(|dialer| dialer.join().unwrap());
        done.store(true, Ordering::Relaxed);
        watchers.into_iter().for_each(|watcher| watcher.join().unwrap());
    });
    assert!(looks.into_inner() > 0);
}
