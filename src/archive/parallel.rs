//! A bounded pipeline: jobs go to all cores, their results come back in order, and only a few are under way at
//! once, so that memory stays flat however many there are.

use crate::error::{At, Error, Result};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// More would cost memory and win nothing: the one thread that writes is the limit then.
const MOST_WORKERS: usize = 8;

/// What is sent to a worker: a job, and where its result goes.
type Ticket<J, R> = (J, Sender<Result<R>>);

/// The results of a pipeline, in the order of its jobs.
pub struct Ordered<I, J, R> {
    jobs: I,
    ahead: usize,
    queue: Sender<Ticket<J, R>>,
    under_way: VecDeque<Receiver<Result<R>>>,
}

/// Runs `work` on every job on all cores and gives `consume` the results in order, on this thread. A worker's
/// `scratch` is made once and kept. Fails if no thread can be started.
pub fn ordered<I, J, R, S, T>(
    path: &Path,
    jobs: I,
    scratch: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, J) -> Result<R> + Sync,
    consume: impl FnOnce(&mut Ordered<I::IntoIter, J, R>) -> Result<T>,
) -> Result<T>
where
    I: IntoIterator<Item = J>,
    J: Send,
    R: Send,
{
    let workers = thread::available_parallelism().map_or(1, |n| n.get().min(MOST_WORKERS));
    let (queue, incoming) = channel::<Ticket<J, R>>();
    let incoming = Mutex::new(incoming);
    thread::scope(|scope| {
        let serve = || {
            let mut scratch = scratch();
            while let Some((job, reply)) = receive(&incoming) {
                // Nobody waits any more when the consumer has failed.
                let _ = reply.send(work(&mut scratch, job));
            }
        };
        for _ in 0..workers {
            thread::Builder::new().spawn_scoped(scope, serve).at("starting a thread for", path)?;
        }
        let mut results = Ordered { jobs: jobs.into_iter(), ahead: workers * 2, queue, under_way: VecDeque::new() };
        consume(&mut results)
    })
}

fn receive<T>(incoming: &Mutex<Receiver<T>>) -> Option<T> {
    incoming.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

impl<I: Iterator<Item = J>, J, R> Iterator for Ordered<I, J, R> {
    type Item = Result<R, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.under_way.len() < self.ahead {
            let Some(job) = self.jobs.next() else { break };
            let (reply, result) = channel();
            self.queue.send((job, reply)).expect("workers live as long as the queue");
            self.under_way.push_back(result);
        }
        let result = self.under_way.pop_front()?;
        Some(result.recv().expect("a worker answers every job it takes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_an_error_ends_it() {
        let path = Path::new("x");
        let double = |_: &mut (), n: u32| if n == 70 { Err(Error::Interrupted) } else { Ok(n * 2) };
        let all = ordered(path, 0..70, || (), double, |r| r.collect::<Result<Vec<_>>>()).unwrap();
        assert_eq!(all, (0..70).map(|n| n * 2).collect::<Vec<_>>());
        let failed = ordered(path, 0..1_000_000, || (), double, |r| r.collect::<Result<Vec<_>>>());
        assert!(matches!(failed, Err(Error::Interrupted)));
    }
}
