//! `wakeep restore --ask`: the session and the archive side by side, which is newer, and the question.

use super::asked;
use super::context::Context;
use super::near::near;
use super::reading;
use crate::check;
use crate::disk;
use crate::error::Result;
use crate::keeper::ward::Ward;
use crate::restore::back;
use crate::text::{self, Phrase};
use crate::tree;
use crate::unpack;
use crate::vault::backup::label_of;
use crate::vault::journal::Back;
use crate::verdict::Verdict;
use jiff::Timestamp;

/// One side.
struct Side {
    verdict: Verdict,
    time: Option<Timestamp>,
    host: Option<String>,
    back: Option<Back>,
}

/// Shows both sides of each session and asks once. Returns whether to restore.
pub fn wanted(context: &Context, yes: bool) -> Result<bool> {
    for ward in context.wards()? {
        let (session, archive) = (session(&ward)?, archive(&ward)?);
        draw(context, &ward, &session, archive.as_ref());
    }
    asked::yes(&context.show, context.show.lang.phrase(Phrase::RestoreIt), yes)
}

fn session(ward: &Ward) -> Result<Side> {
    let path = &ward.session.path;
    if !disk::exists(path) {
        return Ok(Side { verdict: Verdict::missing(ward.session.kind.name()), time: None, host: None, back: None });
    }
    let verdict = reading::look(&ward.session, &ward.vault.versions()?, &ward.work, "restore")?.verdict;
    let kind = ward.session.kind;
    let written = if path.is_dir() {
        let entries = tree::walk(path, &|entry| kind.matters(entry))?;
        entries.iter().filter(|e| e.kind == tree::EntryKind::File).map(|e| e.mark.mtime).max()
    } else {
        Some(disk::FileMark::of(path)?.mtime)
    };
    Ok(Side { verdict, time: written.and_then(|t| Timestamp::from_second(t.0).ok()), host: None, back: None })
}

fn archive(ward: &Ward) -> Result<Option<Side>> {
    let path = ward.vault.archive();
    if !disk::exists(path) {
        return Ok(None);
    }
    let _work = ward.work.work("restore")?;
    let found = check::archive(path, &ward.work.stage())?;
    let meant = unpack::meant(&found, |c| &c.prefix, &ward.session.name, ward.alone);
    let Some(verdict) = meant.map(|c| c.verdict.clone()) else { return Ok(None) };
    let label = label_of(path);
    let by_file = || Timestamp::from_second(disk::FileMark::of(path).ok()?.mtime.0).ok();
    let time = label.as_ref().map(|l| l.made).or_else(by_file);
    let back = label.as_ref().map_or(Ok(None), |label| back::goes_back(&ward.vault, label))?;
    Ok(Some(Side { verdict, time, host: label.map(|l| l.host), back }))
}

fn draw(context: &Context, ward: &Ward, session: &Side, archive: Option<&Side>) {
    let (show, lang) = (&context.show, context.show.lang);
    let row = |label, path: &std::path::Path, side: &Side| {
        let time = side.time.map(|t| text::clock(t, context.now)).unwrap_or_default();
        let host = side.host.as_ref().map(|h| format!(" ({h})")).unwrap_or_default();
        show.row(label, &format!("{}: {}; {time}{host}", near(path), show.words(&side.verdict)));
    };
    row(Phrase::Session, &ward.session.path, session);
    let Some(archive) = archive else {
        return show.row(Phrase::Archive, lang.phrase(Phrase::NoArchive));
    };
    row(Phrase::Archive, ward.vault.archive(), archive);
    let newer = match (session.time, archive.time) {
        (Some(s), Some(a)) if s > a => Phrase::SessionNewer,
        (Some(_), None) => Phrase::SessionNewer,
        _ => Phrase::ArchiveNewer,
    };
    show.line(&format!("  {}", lang.phrase(newer)));
    if let Some(back) = &archive.back {
        show.hung("  ", &lang.goes_back(back));
    }
}
