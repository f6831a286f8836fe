//! Another wakeep process that does what the page asks for, with the same configuration: so every law and lock holds.

use serde_json::Value;
use std::io::Read;
use std::process::{Command, Stdio};

/// Runs wakeep with these arguments and `--json`, and returns its object and what it said besides.
pub fn run(args: &[String]) -> Result<Value, String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut child = Command::new(program);
    child.args(args).arg("--json").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().map_err(|e| e.to_string())?;
    let mut errors = child.stderr.take();
    let said = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = errors.as_mut().map(|e| e.read_to_string(&mut text));
        text
    });
    let mut text = String::new();
    if let Some(out) = &mut child.stdout {
        out.read_to_string(&mut text).map_err(|e| e.to_string())?;
    }
    // Under `wakeep run` somebody else takes note of its end; its object says all.
    let _ = child.wait();
    let said = said.join().unwrap_or_default();
    let object: Value = serde_json::from_str(&text).map_err(|_| said.trim().to_owned())?;
    // Where it came to no session at all.
    if object["outcome"] == "failed" && object["session"].is_null() { Err(said.trim().to_owned()) } else { Ok(object) }
}
