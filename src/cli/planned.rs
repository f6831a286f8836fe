//! Setting up, told: each step as it is taken or as it would be, and each as it is taken back; in words, and as one object.

use super::args::Setup;
use super::context::Context;
use super::near::near;
use crate::error::Result;
use crate::setup::undo::Undone;
use crate::setup::{Fate, Site, Step, What, difference};
use crate::text::{Phrase, typed};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What a set-up came to so far, for whoever wants it as one object.
#[derive(Debug, Default)]
pub(super) struct Report {
    steps: Vec<Value>,
    warnings: Vec<String>,
    /// What the drill says of the session that is kept from now on.
    pub(super) drill: Value,
}

impl Report {
    /// A step of this name to this path; `more` says what goes with it.
    pub(super) fn step(&mut self, path: &Path, step: &str, mut more: Value) {
        more["path"] = json!(path.to_string_lossy());
        more["step"] = json!(step);
        self.steps.push(more);
    }

    /// Says what no step would tell.
    pub(super) fn warn(&mut self, context: &Context, warning: String) {
        context.show.line(&warning);
        self.warnings.push(warning);
    }

    /// What another process has done of it, as its own object says.
    pub(super) fn add(&mut self, object: &Value) {
        let list = |key: &str| object[key].as_array().cloned().unwrap_or_default();
        self.steps.extend(list("steps"));
        self.warnings.extend(list("warnings").iter().filter_map(|w| w.as_str().map(str::to_owned)));
    }

    /// The contract of `setup --json`.
    pub(super) fn object(self, wish: &Setup) -> Value {
        let outcome = match (wish.undo, self.steps.is_empty()) {
            (true, true) => "nothing_to_undo",
            (true, false) => "undone",
            (false, _) => "set_up",
        };
        json!({"outcome": outcome, "dry_run": wish.dry_run, "steps": self.steps, "warnings": self.warnings,
            "drill": self.drill})
    }
}

/// Takes the steps, or only judges them, and tells what each comes to.
pub(super) fn take(
    context: &Context,
    site: &mut Site,
    steps: &[Step],
    dry_run: bool,
    report: &mut Report,
) -> Result<()> {
    let show = &context.show;
    for step in steps {
        let fate = if dry_run { site.judge(step) } else { site.take(step) };
        match fate {
            // A list of somebody else's (root's clone, say) is no reason to leave the rest undone.
            Err(e) if matches!(step.what, What::Lines(_)) && e.io_kind() == Some(ErrorKind::PermissionDenied) => {
                show.line(&format!("{}: {}", show.lang.phrase(Phrase::SetupNotListed), near(&step.path)));
                report.step(&step.path, "not_listed", json!({}));
            }
            fate => tell(context, site, step, &fate?, dry_run, report),
        }
    }
    Ok(())
}

fn tell(context: &Context, site: &Site, step: &Step, fate: &Fate, dry_run: bool, report: &mut Report) {
    let show = &context.show;
    let of = |done, planned| if dry_run { planned } else { done };
    let (name, phrase, more) = match fate {
        Fate::Stands => ("left", Phrase::LeftAsIs, String::new()),
        Fate::Write => ("written", of(Phrase::Wrote, Phrase::WouldWrite), String::new()),
        Fate::Append(lines) => ("appended", of(Phrase::Wrote, Phrase::WouldWrite), format!(" {}", lines.join(" "))),
        Fate::Replace => ("replaced", of(Phrase::SetupReplaced, Phrase::WouldReplace), String::new()),
        Fate::Aside(aside) => ("set_aside", of(Phrase::SetupAside, Phrase::WouldAside), format!(" → {}", near(aside))),
        Fate::Tracked => ("tracked", Phrase::SetupTracked, String::new()),
        Fate::Set(line) => ("set", of(Phrase::SetupSet, Phrase::WouldSet), format!(" {line}")),
        Fate::Back(undone) => match undone_as(*undone, dry_run) {
            Some((name, phrase)) => (name, phrase, String::new()),
            None => return,
        },
        Fate::Keep => ("kept", Phrase::SetupBeside, ".wakeep".to_owned()),
        Fate::Beside(_) => ("beside", of(Phrase::SetupBeside, Phrase::WouldBeside), ".wakeep".to_owned()),
    };
    show.line(&format!("{}: {}{}", show.lang.phrase(phrase), near(&step.path), more.trim_end()));
    let path = |path: &PathBuf| json!({ "to": path.to_string_lossy() });
    let object = match fate {
        Fate::Append(lines) => json!({ "lines": lines }),
        Fate::Set(line) => json!({ "line": line }),
        Fate::Aside(to) | Fate::Beside(to) => path(to),
        _ => json!({}),
    };
    report.step(&step.path, name, object);
    if let (Fate::Beside(ours), false) = (fate, dry_run) {
        compare(context, &site.on_disk(&step.path), &site.on_disk(ours));
    }
}

/// How ours differs from theirs, and the line that takes it.
fn compare(context: &Context, theirs: &Path, ours: &Path) {
    let show = &context.show;
    difference(theirs, ours).iter().for_each(|l| show.line(&format!("    {l}")));
    let (take, ours, theirs) = (show.lang.phrase(Phrase::SetupTakeIt), typed(near(ours)), typed(near(theirs)));
    show.line(&format!("    {take} cp {ours} {theirs}"));
}

/// Takes back what the site's record says, and tells it. Returns whether there was anything.
pub(super) fn undo(context: &Context, site: &mut Site, dry_run: bool, report: &mut Report) -> Result<bool> {
    let show = &context.show;
    let undone: Vec<_> = if dry_run {
        site.judge_undo().into_iter().map(|(written, fate)| (written.clone(), fate)).collect()
    } else {
        site.undo()?
    };
    let any = !undone.is_empty();
    for (written, fate) in undone {
        let Some((name, phrase)) = undone_as(fate, dry_run) else { continue };
        let path = written.moved_from.filter(|_| fate == Undone::PutBack).unwrap_or(written.path);
        show.line(&format!("{}: {}", show.lang.phrase(phrase), near(&path)));
        report.step(&path, name, json!({}));
    }
    Ok(any)
}

/// What is told of a thing that was taken back: the step's name in the object, and the words; nothing of one that was gone
/// already.
fn undone_as(fate: Undone, dry_run: bool) -> Option<(&'static str, Phrase)> {
    let of = |done, planned| if dry_run { planned } else { done };
    match fate {
        Undone::Removed => Some(("removed", of(Phrase::SetupRemoved, Phrase::WouldClean))),
        Undone::Shortened => Some(("shortened", of(Phrase::SetupShortened, Phrase::WouldShorten))),
        Undone::PutBack => Some(("put_back", of(Phrase::SetupPutBack, Phrase::WouldPutBack))),
        Undone::Left => Some(("left", Phrase::LeftAsIs)),
        Undone::Gone => None,
    }
}
