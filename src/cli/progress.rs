//! What long work looks like where somebody looks: nothing for a second, then one line on the terminal, which is gone in
//! the end. In a pipe, and where nobody looks, there is nothing.

use super::show::Show;
use crate::text::Work;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// What is done sooner isn't shown.
const SOON: Duration = Duration::from_secs(1);

/// Between two looks at the meter.
const TICK: Duration = Duration::from_millis(100);

/// How far the work has come, in bytes; where nobody can tell, both are 0.
#[derive(Debug, Default)]
pub struct Meter {
    done: AtomicU64,
    all: AtomicU64,
}

impl Meter {
    /// So many bytes of so many.
    pub fn set(&self, done: u64, all: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.all.store(all, Ordering::Relaxed);
    }

    fn read(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.all.load(Ordering::Relaxed))
    }
}

/// Does the work, and shows meanwhile that it goes on.
pub fn during<T>(show: &Show, work: Work, name: &str, what: impl FnOnce(&Meter) -> T) -> T {
    let meter = Meter::default();
    if !std::io::stderr().is_terminal() {
        return what(&meter);
    }
    std::thread::scope(|scope| {
        // Dropped when the work is done, also by a panic.
        let (going_on, is_over) = channel::<()>();
        let meter = &meter;
        let shown = scope.spawn(move || watch(show, work, name, meter, &is_over));
        let done = what(meter);
        drop(going_on);
        // The line must be gone before anything else is said.
        let _ = shown.join();
        done
    })
}

fn watch(show: &Show, work: Work, name: &str, meter: &Meter, is_over: &Receiver<()>) {
    let began = Instant::now();
    let mut wait = SOON;
    let mut bar = None;
    // Nothing is ever sent: the other end is dropped.
    while matches!(is_over.recv_timeout(wait), Err(std::sync::mpsc::RecvTimeoutError::Timeout)) {
        let (done, all) = meter.read();
        let bar = bar.get_or_insert_with(|| line(all));
        bar.set_length(all.max(1));
        bar.set_position(done);
        bar.set_message(show.lang.progress(work, name, done, all, began.elapsed().as_secs()));
        bar.tick();
        wait = TICK;
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

/// A bar where it is known how much there is to do, else something that turns. Neither has colours.
fn line(all: u64) -> ProgressBar {
    let form = if all > 0 { "{bar:20} {wide_msg}" } else { "{spinner} {wide_msg}" };
    let style = ProgressStyle::with_template(form).expect("a template of ours");
    ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stderr()).with_style(style)
}
