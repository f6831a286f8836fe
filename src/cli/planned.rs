//! Setting up, told: each step as it is taken or as it would be, and each as it is taken back.

use super::run::Context;
use super::show::near;
use crate::error::Result;
use crate::setup::undo::Undone;
use crate::setup::{Fate, Site, Step, What, difference};
use crate::text::Phrase;
use std::io::ErrorKind;
use std::path::Path;

/// Takes the steps, or only judges them, and tells what each comes to.
pub(super) fn take(context: &Context, site: &mut Site, steps: &[Step], dry_run: bool) -> Result<()> {
    let show = &context.show;
    for step in steps {
        let fate = if dry_run { site.judge(step) } else { site.take(step) };
        match fate {
            // A list of somebody else's (root's clone, say) is no reason to leave the rest undone.
            Err(e) if matches!(step.what, What::Lines(_)) && e.io_kind() == Some(ErrorKind::PermissionDenied) => {
                show.line(&format!("{}: {}", show.lang.phrase(Phrase::SetupNotListed), near(&step.path)));
            }
            fate => tell(context, site, step, &fate?, dry_run),
        }
    }
    Ok(())
}

fn tell(context: &Context, site: &Site, step: &Step, fate: &Fate, dry_run: bool) {
    let show = &context.show;
    let path = near(&step.path);
    let say = |phrase, more: &str| show.line(&format!("{}: {path}{more}", show.lang.phrase(phrase)));
    let of = |done, planned| if dry_run { planned } else { done };
    match fate {
        Fate::Stands => say(Phrase::LeftAsIs, ""),
        Fate::Write => say(of(Phrase::Wrote, Phrase::WouldWrite), ""),
        Fate::Append(lines) => say(of(Phrase::Wrote, Phrase::WouldWrite), format!(" {}", lines.join(" ")).trim_end()),
        Fate::Replace => say(of(Phrase::SetupReplaced, Phrase::WouldReplace), ""),
        Fate::Aside(aside) => say(of(Phrase::SetupAside, Phrase::WouldAside), &format!(" → {}", near(aside))),
        Fate::Tracked => say(Phrase::SetupTracked, ""),
        Fate::Set(line) => say(of(Phrase::SetupSet, Phrase::WouldSet), &format!(" {line}")),
        Fate::Back(undone) => undone_as(*undone, dry_run).into_iter().for_each(|phrase| say(phrase, "")),
        Fate::Keep => say(Phrase::SetupBeside, ".wakeep"),
        Fate::Beside(ours) => {
            say(of(Phrase::SetupBeside, Phrase::WouldBeside), ".wakeep");
            if !dry_run {
                compare(context, &site.on_disk(&step.path), &site.on_disk(ours));
            }
        }
    }
}

/// How ours differs from theirs, and the line that takes it.
fn compare(context: &Context, theirs: &Path, ours: &Path) {
    let show = &context.show;
    difference(theirs, ours).iter().for_each(|l| show.line(&format!("    {l}")));
    show.line(&format!("    {} cp {} {}", show.lang.phrase(Phrase::SetupTakeIt), near(ours), near(theirs)));
}

/// Takes back what the site's record says, and tells it. Returns whether there was anything.
pub(super) fn undo(context: &Context, site: &mut Site, dry_run: bool) -> Result<bool> {
    let show = &context.show;
    let undone: Vec<_> = if dry_run {
        site.judge_undo().into_iter().map(|(written, fate)| (written.clone(), fate)).collect()
    } else {
        site.undo()?
    };
    let any = !undone.is_empty();
    for (written, fate) in undone {
        let Some(phrase) = undone_as(fate, dry_run) else { continue };
        let path = written.moved_from.filter(|_| fate == Undone::PutBack).unwrap_or(written.path);
        show.line(&format!("{}: {}", show.lang.phrase(phrase), near(&path)));
    }
    Ok(any)
}

/// What is said of a thing that was taken back; nothing of one that was gone already.
fn undone_as(fate: Undone, dry_run: bool) -> Option<Phrase> {
    let of = |done, planned| Some(if dry_run { planned } else { done });
    match fate {
        Undone::Removed => of(Phrase::SetupRemoved, Phrase::WouldClean),
        Undone::Shortened => of(Phrase::SetupShortened, Phrase::WouldShorten),
        Undone::PutBack => of(Phrase::SetupPutBack, Phrase::WouldPutBack),
        Undone::Left => Some(Phrase::LeftAsIs),
        Undone::Gone => None,
    }
}
