//! The judge of a restore: the real whatsapp-web.js Client, through `tests/real/oracle.mjs`.

use super::chromium::Layout;
use serde::Deserialize;
use std::path::Path;
use std::process::Command;

/// What whatsapp-web.js said first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Said {
    /// `ready`, `qr` or `failed`.
    pub event: String,
    /// From the client's start to its word.
    pub seconds: f64,
    /// Why it isn't `ready`.
    pub why: Option<String>,
}

/// Asks it about a throw-away copy of the session in `parent` (the `.wwebjs_auth`).
pub fn ask(parent: &Path, client_id: Option<&str>) -> Said {
    ask_in(parent, client_id, Layout::LevelDb)
}

/// The same with a Chromium that is told which layout its stores have.
pub fn ask_in(parent: &Path, client_id: Option<&str>, layout: Layout) -> Said {
    let layout = match layout {
        Layout::LevelDb => "leveldb",
        Layout::Sqlite => "sqlite",
    };
    let output = Command::new("node")
        .args(["oracle.mjs", "--layout", layout])
        .arg(parent)
        .args(client_id)
        .current_dir(super::real_parts())
        .output()
        .expect("node must be installed: scripts/test does that");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text)
        .unwrap_or_else(|e| panic!("the oracle said {text:?} ({e}): {}", String::from_utf8_lossy(&output.stderr)))
}
