//! Looking up names without stopping the loop: the system's resolver blocks, so threads wait for it.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread;

use satwire_core::node::TargetId;

/// Look-ups that are under way at a time. More of them wait for these.
const THREADS: usize = 8;

type LookUp = fn(&str, u16) -> Vec<SocketAddr>;

/// Names that were asked for. Each target has at most one look-up, which waits, is under way, or is answered. Threads
/// end when there is nothing to look up.
pub(crate) struct Resolver {
    shared: Arc<Shared>,
}

struct Shared {
    look_up: LookUp,
    /// Woken for each answer.
    waker: Waker,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    /// The targets that have no answer yet.
    targets: BTreeSet<TargetId>,
    waiting: VecDeque<(TargetId, String, u16)>,
    answers: VecDeque<(TargetId, Vec<SocketAddr>)>,
    threads: usize,
}

impl Resolver {
    pub(crate) fn new(waker: Waker) -> Self {
        Self::with(waker, crate::look_up)
    }

    fn with(waker: Waker, look_up: LookUp) -> Self {
        Self { shared: Arc::new(Shared { look_up, waker, queue: Mutex::default() }) }
    }

    /// Looks `host` up. While that is under way for a target, the same target does not get another one.
    pub(crate) fn resolve(&self, target: TargetId, host: String, port: u16) {
        let mut queue = self.shared.lock();
        if !queue.targets.insert(target) {
            return;
        }
        queue.waiting.push_back((target, host, port));
        if queue.threads == THREADS {
            return;
        }
        let shared = self.shared.clone();
        if thread::Builder::new().name("resolve".into()).spawn(move || shared.work()).is_ok() {
            queue.threads += 1;
        } else if queue.threads == 0 {
            // Nobody is there to look it up later.
            queue.waiting.clear();
            queue.answers.push_back((target, Vec::new()));
            self.shared.waker.wake_by_ref();
        }
    }

    /// Takes the next answer; no address where the name could not be resolved.
    pub(crate) fn answer(&self) -> Option<(TargetId, Vec<SocketAddr>)> {
        let mut queue = self.shared.lock();
        let answer = queue.answers.pop_front()?;
        queue.targets.remove(&answer.0);
        Some(answer)
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        // Threads end after what they are waiting for.
        self.shared.lock().waiting.clear();
    }
}

impl Shared {
    fn work(&self) {
        loop {
            let mut queue = self.lock();
            let Some((target, host, port)) = queue.waiting.pop_front() else {
                queue.threads -= 1;
                return;
            };
            drop(queue);
            let found = (self.look_up)(&host, port);
            self.lock().answers.push_back((target, found));
            self.waker.wake_by_ref();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing in here panics half-way.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("queue", &self.shared.lock()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
    use std::sync::{LazyLock, mpsc};
    use std::task::Wake;
    use std::time::Duration;

    /// A deadline for what happens at once on an idle machine.
    const SOON: Duration = Duration::from_secs(20);

    struct Sender(mpsc::Sender<()>);

    impl Wake for Sender {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(());
        }
    }

    /// Look-ups wait for this many permits.
    static GATE: LazyLock<(SyncSender<()>, Mutex<Receiver<()>>)> = LazyLock::new(|| {
        let (sender, receiver) = sync_channel(1000);
        (sender, Mutex::new(receiver))
    });
    static AT_ONCE: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);

    fn slow(_host: &str, port: u16) -> Vec<SocketAddr> {
        MOST.fetch_max(AT_ONCE.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        GATE.1.lock().expect("no panic").recv().expect("a permit");
        AT_ONCE.fetch_sub(1, Ordering::SeqCst);
        vec![SocketAddr::from(([127, 0, 0, 1], port))]
    }

    #[test]
    fn threads_are_bounded_and_each_target_is_looked_up_once() {
        let (sender, woken) = mpsc::channel();
        let resolver = Resolver::with(Waker::from(Arc::new(Sender(sender))), slow);
        for _ in 0..3 {
            for target in 0..100 {
                resolver.resolve(TargetId(target), "host".into(), target as u16);
            }
        }
        let mut answered = BTreeSet::new();
        for _ in 0..100 {
            assert!(resolver.shared.lock().threads <= THREADS);
            GATE.0.send(()).expect("they wait");
            woken.recv_timeout(SOON).expect("an answer");
            let (target, addrs) = resolver.answer().expect("an answer");
            assert_eq!(addrs[0].port(), target.0 as u16);
            assert!(answered.insert(target), "{target:?} is answered twice");
        }
        assert!(resolver.answer().is_none());
        assert!(MOST.load(Ordering::SeqCst) <= THREADS);
        // A name that was answered can be asked again.
        GATE.0.send(()).expect("it will wait");
        resolver.resolve(TargetId(7), "host".into(), 7);
        woken.recv_timeout(SOON).expect("an answer");
        assert!(resolver.answer().is_some());
    }
}
