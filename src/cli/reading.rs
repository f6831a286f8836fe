//! The verbs that judge and change nothing: check, verify.

use super::context::Context;
use super::exit::Exit;
use super::interrupted;
use super::near::near;
use super::progress;
use crate::archive::{self, Depth};
use crate::check::{self, Checked, Versions};
use crate::config::{self, Config, Place};
use crate::disk;
use crate::error::{At, Error, Result};
use crate::keeper::ward::wards;
use crate::session::Session;
use crate::text::{WayBack, Work};
use crate::vault::workplace::Workplace;
use crate::verdict::{Verdict, Worth};
use serde_json::{Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};

/// One thing that was judged.
struct Judged {
    name: String,
    is_archive: bool,
    verdict: Verdict,
    way: WayBack,
    versions: Versions,
}

/// `wakeep check [PATH…]`: what can't be judged is told, and the rest is judged all the same.
pub fn check(context: &Context, paths: &[PathBuf]) -> Result<Exit> {
    let mut judged = Vec::new();
    let mut failed = Vec::new();
    let mut take = |name: String, found: Result<Vec<Judged>>| match found {
        Ok(found) => judged.extend(found),
        Err(e) => failed.push((name, e)),
    };
    if paths.is_empty() {
        for ward in context.wards()? {
            let found = judge_session(&ward.session, &ward.vault.versions()?, &ward.work);
            let way = ward.way_back(&context.config);
            take(near(&ward.session.path), found.map(|j| vec![Judged { way, ..j }]));
        }
    }
    for path in paths {
        take(near(path), judge(context, path));
    }
    show(context, &judged, &failed);
    let verdicts = judged.iter().map(|j| Exit::of_verdict(&j.verdict));
    Ok(failed.iter().map(|(_, e)| Exit::of_error(e)).chain(verdicts).fold(Exit::Done, Exit::or))
}

fn judge(context: &Context, path: &Path) -> Result<Vec<Judged>> {
    if is_archive(path)? {
        let scratch = Scratch::new()?;
        let found = check::archive(path, &scratch.inside())?;
        let several = found.len() > 1;
        let name = |prefix: &Path| if several { format!("{} ({})", near(path), prefix.display()) } else { near(path) };
        return Ok(found
            .into_iter()
            .map(|c| Judged {
                name: name(&c.prefix),
                is_archive: true,
                verdict: c.verdict,
                versions: c.versions,
                way: WayBack::Archive,
            })
            .collect());
    }
    let place = Place { path: path.to_owned(), ..Place::default() };
    let config = Config { places: vec![place], only: None, ..context.config.clone() };
    wards(&config)?.iter().map(|w| judge_session(&w.session, &Versions::new(), &w.work)).collect()
}

/// A gzip or zip file by its first bytes.
fn is_archive(path: &Path) -> Result<bool> {
    if !path.is_file() {
        return Ok(false);
    }
    let mut head = Vec::new();
    std::fs::File::open(path).at("opening", path)?.take(4).read_to_end(&mut head).at("reading", path)?;
    let named = path.extension().is_some_and(|e| e == "gz" || e == "tgz" || e == "zip");
    Ok(named || head.starts_with(b"\x1f\x8b") || head.starts_with(b"PK\x03\x04"))
}

fn judge_session(session: &Session, before: &Versions, work: &Workplace) -> Result<Judged> {
    let Checked { verdict, versions, .. } = look(session, before, work, "check")?;
    Ok(Judged { name: near(&session.path), is_archive: false, verdict, versions, way: WayBack::Archive })
}

/// The verdict on a live session, for a verb that only looks. Links are made where they can be: beside the session if
/// wakeep already works there, else, or where nothing can be written just then, in a scratch folder.
///
/// # Errors
/// As [`check::session`]; `Busy`.
pub(super) fn look(session: &Session, before: &Versions, work: &Workplace, says: &str) -> Result<Checked> {
    let beside = || {
        let _lock = work.work(says)?;
        check::session(session, before, &work.snapshot())
    };
    match work.dir().is_dir().then(beside) {
        Some(Err(Error::Io { source, .. })) if writes_nothing(&source) => {}
        Some(other) => return other,
        None => {}
    }
    check::session(session, before, &Scratch::new()?.inside())
}

fn writes_nothing(e: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(e.kind(), PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull)
}

fn show(context: &Context, judged: &[Judged], failed: &[(String, Error)]) {
    let show = &context.show;
    let archives = judged.iter().filter(|j| j.is_archive).count();
    let lost = judged.iter().filter(|j| j.is_archive && j.verdict.worth() != Worth::Good).count();
    failed.iter().for_each(|(_, e)| show.error(e));
    if show.json {
        return show.object(&checked_json(context, judged, failed, (archives, lost)));
    }
    for one in judged {
        show.verdict(&one.name, &one.verdict, one.way);
    }
    if archives > 1 {
        show.line(&show.lang.tally(archives, lost));
    }
}

/// The contract of `check --json`: the verdict's own object; several stand in `checks`, the gravest on top.
fn checked_json(
    context: &Context,
    judged: &[Judged],
    failed: &[(String, Error)],
    (archives, lost): (usize, usize),
) -> Value {
    let one = |j: &Judged| {
        let mut value = context.show.verdict_json(&j.verdict);
        value["path"] = json!(j.name);
        value["versions"] = json!(j.versions);
        value
    };
    let gravity = |j: &&Judged| {
        let exit = Exit::of_verdict(&j.verdict);
        (exit == Exit::Broken, exit.code())
    };
    let mut top = judged.iter().max_by_key(gravity).map_or_else(|| json!({}), one);
    if judged.len() > 1 || !failed.is_empty() {
        top["checks"] = judged.iter().map(one).collect();
        top["archives"] = json!(archives);
        top["would_not_return"] = json!(lost);
        let told = |(name, e): &(String, Error)| json!({"path": name, "error": context.show.lang.error(e).what});
        top["failed"] = failed.iter().map(told).collect();
    }
    top
}

/// A scratch folder that goes with the value.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Scratch> {
        let above = config::environment("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
        disk::scratch(&above).inspect(|dir| interrupted::takes_away(dir)).map(Scratch)
    }

    pub(super) fn inside(&self) -> PathBuf {
        self.0.join("session")
    }

    pub(super) fn dir(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What can't be removed from the temporary folder the system removes.
        let _ = disk::remove_tree(&self.0);
        interrupted::forget(&self.0);
    }
}

/// `wakeep verify FILE`
pub fn verify(context: &Context, file: &Path, quick: bool) -> Result<Exit> {
    let depth = if quick { Depth::Index } else { Depth::Content };
    let show = &context.show;
    let verified = progress::during(show, Work::Verifying, &near(file), |meter| {
        archive::verify_told(file, depth, &mut |done, all| meter.set(done, all))
    })?;
    let bytes = verified.mark().size;
    if show.json {
        let base = verified.base();
        show.object(&json!({"path": file.to_string_lossy(), "whole": true, "bytes": bytes, "quick": quick,
            "base": base.map(|base| base.to_string_lossy())}));
        return Ok(Exit::Done);
    }
    show.line(&match verified.base() {
        Some(base) => show.lang.whole_with(&near(file), bytes, &near(base)),
        None => show.lang.whole(&near(file), bytes),
    });
    Ok(Exit::Done)
}
