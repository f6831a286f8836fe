//! What `check` says of a profile must be what becomes of it: good if and only if whatsapp-web.js comes up `ready`.
//! The states and how each came to be stand in one table, `tests/real/states.mjs`; real Chromium made them.

use crate::env::wakeep::Wakeep;
use crate::env::{oracle::Said, scratch};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Debug, Deserialize)]
struct State {
    name: String,
    how: String,
    expected: String,
    account: Option<String>,
    parent: PathBuf,
    said: Said,
}

fn judged_states(out: &Path) -> Vec<State> {
    let output = Command::new("node")
        .args(["states.mjs", "--judge"])
        .arg(out)
        .current_dir(crate::env::real_parts())
        .output()
        .expect("node must be installed: scripts/test does that");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
}

/// What is wrong with wakeep's verdict on a state, if anything.
fn objection(state: &State, home: &Path) -> Option<String> {
    let path = state.parent.join("session");
    let outcome = Wakeep::new(home, ["check", path.to_str()?, "--json"]).run();
    let verdict: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap_or_default();
    let good = verdict["verdict"] == "sound" && verdict["login"] == "paired";
    let told = format!("exit {}, {} {}", outcome.code, outcome.stdout.trim(), outcome.stderr.trim());
    if good != (state.said.event == "ready") {
        return Some(format!("{} ({}): the oracle says {:?}, check {told}", state.name, state.how, state.said));
    }
    if good != (outcome.code == 0) {
        return Some(format!("{} ({}): the exit code is not the verdict's: {told}", state.name, state.how));
    }
    let names = good && verdict["account"].as_str() != state.account.as_deref();
    names.then(|| format!("{}: the account is {:?}: {told}", state.name, state.account))
}

#[test]
fn every_verdict_is_what_becomes_of_the_profile() {
    let (out, home) = (scratch(), scratch());
    let states = judged_states(out.path());
    assert!(states.len() >= 40, "only {} states", states.len());
    let unlike: Vec<_> = states.iter().filter(|s| s.said.event != s.expected).collect();
    assert!(unlike.is_empty(), "the table expects otherwise than whatsapp-web.js says: {unlike:#?}");
    let wrong: Vec<_> = states.iter().filter_map(|s| objection(s, home.path())).collect();
    assert!(wrong.is_empty(), "{} of {} verdicts:\n{}", wrong.len(), states.len(), wrong.join("\n"));
}
