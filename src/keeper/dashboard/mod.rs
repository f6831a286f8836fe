//! The page's server, in a thread of its own beside the keeper's rounds: what it shows lies on disk already, and what
//! it does is done by other wakeep processes, under all locks and laws.

pub mod api;
pub mod board;
mod errands;
pub mod gate;
mod job;
mod listener;
pub mod reads;

use crate::disk;
use crate::error::{At, Error, Problem, Result};
use crate::platform::host;
use gate::Gate;
use reads::Shared;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// Starts the server. Returns where it listens; it serves until the process ends.
///
/// # Errors
/// The address can't be listened at.
pub fn start(at: SocketAddr, shared: Shared, gate: Gate) -> Result<SocketAddr> {
    let place = Path::new("the page's address");
    let socket = std::net::TcpListener::bind(at).at("listening at", &place.join(at.to_string()))?;
    socket.set_nonblocking(true).at("listening at", place)?;
    let at = socket.local_addr().at("listening at", place)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(4).build();
    let runtime = runtime.at("starting", Path::new("the page's server"))?;
    let (shared, gate) = (Arc::new(shared), Arc::new(gate));
    std::thread::spawn(move || {
        runtime.block_on(async move {
            let Ok(socket) = tokio::net::TcpListener::from_std(socket) else { return };
            let listener = listener::Shedding::new(socket);
            let service = api::router(shared, gate).into_make_service_with_connect_info::<listener::Peer>();
            // It ends with the process.
            let _ = axum::serve(listener, service).await;
        });
    });
    Ok(at)
}

/// The token in this file; made where there is none.
pub fn token(file: &Path) -> Result<String> {
    if !disk::exists(file) {
        disk::make_dir(disk::parent(file))?;
        disk::write_whole(file, host::random::<32>().as_bytes())?;
    }
    let text = fs::read_to_string(file).at("reading", file)?.trim().to_owned();
    if text.len() >= 16 {
        return Ok(text);
    }
    let problem = Problem::NoToken(file.to_owned());
    Err(Error::Config { place: "serve_token_file".to_owned(), problem, suggestion: None })
}
