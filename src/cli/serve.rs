//! `wakeep serve`, and the same beside a keeper.

use super::context::Context;
use super::exit::Exit;
use super::run::clock;
use crate::config::Config;
use crate::error::Result;
use crate::keeper::dashboard::{self, gate::Gate, reads::Shared};
use crate::keeper::metrics::Tally;
use crate::keeper::signals::{Alarm, Signals, Woken};
use crate::text::Phrase;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Where it listens unless told otherwise.
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9477);

/// Serves until it is asked to end.
pub fn serve(context: &Context, listen: Option<&str>) -> Result<Exit> {
    let mut config = context.config.clone();
    if let Some(address) = listen {
        config.set("serve", &toml::Value::String(address.to_owned()), Path::new(""), "--listen")?;
    }
    let mut signals = Signals::new()?;
    start(context, &config, config.serve.unwrap_or(USUAL), None)?;
    while signals.wait(Duration::from_secs(3600))? == Woken::Rested {}
    Ok(Exit::Done)
}

/// Starts the server and says where it is. The token is shown to a person at a terminal only.
pub fn start(context: &Context, config: &Config, at: SocketAddr, tally: Option<Arc<Tally>>) -> Result<()> {
    let file = config.serve_token.clone().unwrap_or_else(|| usual_file(config));
    let token = dashboard::token(&file)?;
    let shared = Shared {
        config: config.clone(),
        lang: context.show.lang,
        tally,
        clock,
        flags: flags(config),
        seen: Mutex::default(),
        turn: Arc::new(tokio::sync::Semaphore::new(1)),
    };
    let gate = Gate::new(token.clone(), at, config.serve_host.clone());
    let at = dashboard::start(at, shared, gate)?;
    let (show, phrase) = (&context.show, context.show.lang.phrase(Phrase::PageAt));
    if std::io::stderr().is_terminal() {
        show.whisper(&format!("{phrase} http://{at}/#token={token}"));
    } else {
        show.talk(&format!("{phrase} http://{at}/"));
    }
    Ok(())
}

fn usual_file(config: &Config) -> PathBuf {
    let first = config.places.first().map(|p| p.path.clone());
    let home = first.and_then(|p| std::path::absolute(p).ok()).map(|p| crate::session::find::expected(&p).home);
    home.unwrap_or_else(|| config.base.clone()).join(".wakeep/serve-token")
}

/// What leads another wakeep process to the same sessions.
fn flags(config: &Config) -> Vec<String> {
    let full = |p: &Path| std::path::absolute(p).unwrap_or_else(|_| p.to_owned()).to_string_lossy().into_owned();
    let mut flags = Vec::new();
    if let Some(file) = &config.file {
        flags.extend(["--config".to_owned(), full(file)]);
    }
    if let [only] = config.places.as_slice() {
        flags.extend(["--session".to_owned(), full(&only.path)]);
        flags.extend(only.archive.iter().flat_map(|a| ["--archive".to_owned(), full(a)]));
        flags.extend(only.vault.iter().flat_map(|v| ["--vault".to_owned(), full(v)]));
    }
    flags
}
