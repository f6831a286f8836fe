//! Every archive to the remote, beside the keeper: a thread of its own, so that no line holds up a round. What can't be
//! pushed now is pushed later, the newest archive only; that it fails is said once, and once that it is well again.

use super::ward::Ward;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::sync::{self, Sync};
use crate::text::Lang;
use crate::vault::journal::Event;
use crate::vault::{Rules, Vault};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// The first wait after a failure; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// The thread's other end.
pub struct Pusher {
    jobs: Sender<Job>,
    news: Receiver<News>,
    /// How many jobs aren't done yet.
    open: usize,
}

/// A session whose newest archive is to be pushed.
struct Job {
    session: String,
    dir: PathBuf,
    archive: PathBuf,
    rules: Rules,
    /// The lease's generation, where one is held.
    fence: Option<u64>,
}

/// What became of a session's pushes.
struct News {
    dir: PathBuf,
    event: Option<Event>,
    done: usize,
}

impl Pusher {
    /// Starts the thread, if pushing is configured.
    ///
    /// # Errors
    /// The remote or the recipients are named wrongly.
    pub fn start(config: &Config, lang: Lang) -> Result<Option<Pusher>> {
        let Some(place) = config.remote.as_deref().filter(|_| config.push) else { return Ok(None) };
        let sync = Sync::open(place, config, &sync::settings(config, false))?;
        let (jobs, waiting) = channel();
        let (tell, news) = channel();
        let line = Line { sync, lang, tell, pending: HashMap::new() };
        std::thread::spawn(move || line.run(&waiting));
        Ok(Some(Pusher { jobs, news, open: 0 }))
    }

    /// A session has a new archive, made under this generation of the lease.
    pub fn wake(&mut self, ward: &Ward, fence: Option<u64>) {
        let (dir, archive) = (ward.vault.dir().to_owned(), ward.vault.archive().to_owned());
        let job = Job { session: ward.session.name.clone(), dir, archive, rules: ward.vault.rules.clone(), fence };
        // The thread ends with this value only.
        if self.jobs.send(job).is_ok() {
            self.open += 1;
        }
    }

    /// What has happened to this ward's pushes since it was last asked for.
    pub fn news(&mut self, told: &mut dyn FnMut(&PathBuf, Event)) {
        while let Ok(news) = self.news.try_recv() {
            self.take(news, told);
        }
    }

    /// Waits until all is pushed or has failed once, for so long at most.
    pub fn finish(&mut self, patience: Duration, told: &mut dyn FnMut(&PathBuf, Event)) {
        let end = Instant::now() + patience;
        while self.open > 0 {
            match self.news.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(news) => self.take(news, told),
                Err(_) => return,
            }
        }
    }

    fn take(&mut self, news: News, told: &mut dyn FnMut(&PathBuf, Event)) {
        self.open = self.open.saturating_sub(news.done);
        if let Some(event) = news.event {
            told(&news.dir, event);
        }
    }
}

/// What the thread knows.
struct Line {
    sync: Sync,
    lang: Lang,
    tell: Sender<News>,
    pending: HashMap<PathBuf, Pending>,
}

/// A push that is to be done, or was and may be again.
struct Pending {
    job: Job,
    due: Option<Instant>,
    wait: Duration,
    failed: bool,
    waiting: usize,
}

impl Line {
    fn run(mut self, waiting: &Receiver<Job>) {
        loop {
            let next = self.pending.values().filter_map(|p| p.due).min();
            let rest = next.map_or(LONGEST_WAIT, |due| due.saturating_duration_since(Instant::now()));
            match waiting.recv_timeout(rest) {
                Ok(job) => self.put_down(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while let Ok(job) = waiting.try_recv() {
                self.put_down(job);
            }
            self.push_due();
        }
    }

    /// A new archive takes the place of one that waits, and is tried at once.
    fn put_down(&mut self, job: Job) {
        let (dir, now) = (job.dir.clone(), Instant::now());
        let before = self.pending.remove(&dir);
        let (failed, waiting) = before.map_or((false, 0), |p| (p.failed, p.waiting));
        let pending = Pending { job, due: Some(now), wait: FIRST_WAIT, failed, waiting: waiting + 1 };
        self.pending.insert(dir, pending);
    }

    fn push_due(&mut self) {
        let (sync, lang) = (&self.sync, self.lang);
        for (dir, pending) in &mut self.pending {
            if pending.due.is_none_or(|due| due > Instant::now()) {
                continue;
            }
            let job = &pending.job;
            if sync.is_news_that_unsealed(&job.dir, &job.session).unwrap_or(false) {
                let event = Some(Event::PushedUnsealed { remote: sync.place() });
                let _ = self.tell.send(News { dir: dir.clone(), event, done: 0 });
            }
            let pushed = push(sync, job);
            let event = pending.settle(pushed, &sync.place(), lang);
            let done = std::mem::take(&mut pending.waiting);
            // Nobody listens any more only when the keeper has ended.
            let _ = self.tell.send(News { dir: dir.clone(), event, done });
        }
    }
}

impl Pending {
    /// When to try again, and what is news.
    fn settle(&mut self, pushed: Result<bool>, remote: &str, lang: Lang) -> Option<Event> {
        let remote = remote.to_owned();
        match pushed {
            Ok(_) => {
                self.due = None;
                std::mem::take(&mut self.failed).then_some(Event::PushedAgain { remote })
            }
            Err(e) => {
                self.due = Some(Instant::now() + self.wait);
                self.wait = (self.wait * 2).min(LONGEST_WAIT);
                let first = !std::mem::replace(&mut self.failed, true);
                first.then(|| Event::PushFailed { remote, error: lang.error(&e).what })
            }
        }
    }
}

fn push(sync: &Sync, job: &Job) -> Result<bool> {
    let vault = Vault::open(&job.dir, &job.archive, job.rules.clone())?;
    match sync.push(&vault, &job.session, job.fence, false, &mut |_, _| {}) {
        Ok(pushed) => Ok(pushed.changed),
        // There is no archive yet.
        Err(Error::NothingToRestore { .. }) => Ok(false),
        Err(e) => Err(e),
    }
}
