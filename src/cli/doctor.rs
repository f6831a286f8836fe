//! `wakeep doctor`: what is wrong, and the exact command that mends it.

use super::context::Context;
use super::exit::Exit;
use super::near::near;
use super::reading;
use super::show::{Show, Tone};
use crate::error::Result;
use crate::keeper::doctor::{self, Ailment};
use crate::keeper::ward::Ward;
use crate::platform::host;
use crate::text::{Phrase, WayBack};
use crate::verdict::veiled;
use crate::verdict::{Login, Verdict};
use serde_json::{Value, json};

/// How many of the last events a report has.
const EVENTS: usize = 20;

/// What was found with one bot.
struct Examined {
    ward: Ward,
    verdict: Verdict,
    ailments: Vec<(Ailment, bool)>,
}

/// Examines every session; the exit code is the gravest verdict's, or "doubtful" where only something around it is wrong.
pub fn doctor(context: &Context, fix: bool, report: bool) -> Result<Exit> {
    let mut all = Vec::new();
    for ward in context.wards()? {
        all.push(examine(context, ward, fix)?);
    }
    let mut exit = Exit::Done;
    for one in &all {
        let sick = one.ailments.iter().any(|(_, mended)| !mended);
        exit = exit.or(Exit::of_verdict(&one.verdict)).or(if sick { Exit::Doubtful } else { Exit::Done });
    }
    match (report, context.show.json) {
        (true, _) => print_report(context, &all)?,
        (false, true) => context.show.object(&as_json(context, &all)),
        (false, false) => all.iter().for_each(|one| draw(&context.show, one, one.ward.way_back(&context.config))),
    }
    Ok(exit)
}

fn examine(context: &Context, ward: Ward, fix: bool) -> Result<Examined> {
    // On a full disk even looking fails: that is told, and the rest is looked at all the same.
    let verdict = judge(&ward).unwrap_or_else(|e| {
        context.show.error(&e);
        Verdict::new(ward.session.kind.name(), Login::Unknown, None, Vec::new())
    });
    let found = doctor::examine(&ward, &context.config, context.now)?;
    // What can't be mended is told, and hides nothing else.
    let mend = |a: &Ailment| doctor::mend(a, &ward).inspect_err(|e| context.show.error(e)).unwrap_or(false);
    let with_fate = |a: Ailment| {
        let mended = fix && mend(&a);
        (a, mended)
    };
    let ailments = found.into_iter().map(with_fate).collect();
    Ok(Examined { ward, verdict, ailments })
}

fn judge(ward: &Ward) -> Result<Verdict> {
    reading::look(&ward.session, &ward.vault.versions()?, &ward.work, "doctor").map(|looked| looked.verdict)
}

fn draw(show: &Show, one: &Examined, way: WayBack) {
    show.verdict(&near(&one.ward.session.path), &one.verdict, way);
    if one.ailments.is_empty() && one.verdict.is_good() {
        show.line(&show.paint(Tone::Good, show.lang.phrase(Phrase::Healthy)));
    }
    for (ailment, mended) in &one.ailments {
        let told = show.lang.ailment(ailment);
        show.hung(&show.paint(Tone::Bad, "- "), &show.paint(Tone::Bad, &told.what));
        match (mended, told.next) {
            (true, _) => show.line(&format!("  {}", show.lang.phrase(Phrase::Mended))),
            (false, Some(next)) => show.hung("  → ", &next),
            (false, None) => {}
        }
    }
}

fn as_json(context: &Context, all: &[Examined]) -> Value {
    let one = |e: &Examined| {
        let ailments: Vec<_> = e.ailments.iter().map(|(a, mended)| json!({"ailment": a, "mended": mended})).collect();
        json!({"session": e.ward.session.name, "check": context.show.verdict_json(&e.verdict),
            "way_back": e.ward.way_back(&context.config), "ailments": ailments})
    };
    json!({ "sessions": all.iter().map(one).collect::<Vec<_>>() })
}

/// Facts without names: fit to be pasted where everybody reads it.
fn print_report(context: &Context, all: &[Examined]) -> Result<()> {
    let show = &context.show;
    let kernel = host::kernel();
    show.line(&format!("wakeep {} ({kernel}, {})", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH));
    for (n, one) in all.iter().enumerate() {
        let findings: Vec<_> = one.verdict.findings.iter().map(|f| f.code.as_str()).collect();
        let (grade, login) = (show.lang.grade(one.verdict.grade), show.lang.login(one.verdict.login));
        show.line(&format!("session {}: {}, {grade}, {login} [{}]", n + 1, one.verdict.kind, findings.join(" ")));
        for (ailment, _) in &one.ailments {
            show.line(&format!("  {}", redacted(one, &json!(ailment).to_string())));
        }
        let events = one.ward.vault.events()?;
        for line in events.iter().skip(events.len().saturating_sub(EVENTS)) {
            let mut value = serde_json::to_value(line).expect("an event has string keys only");
            show.mask(&mut value);
            show.line(&format!("  {}", redacted(one, &value.to_string())));
        }
    }
    Ok(())
}

/// Without the folder's, the session's and the host's names.
fn redacted(one: &Examined, text: &str) -> String {
    let home = one.ward.session.home.to_string_lossy().into_owned();
    let host = host::name();
    let text = if home.len() > 1 { text.replace(&home, "<bot>") } else { text.to_owned() };
    let text = if host.is_empty() { text } else { text.replace(&host, "<host>") };
    veiled(&text)
}
