//! The addresses and who may use them: the page, its login, health; what it reads is in `reads`, what it asks for in `errands`.

use super::errands::{archive, findings, restore, status};
use super::gate::{self, COOKIE_NAME, Gate};
use super::listener::Peer;
use super::reads::{Shared, figures, session, sessions};
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How long one request may take in all; a restore of a large session takes its time.
const LIMIT: Duration = Duration::from_secs(120);

/// How large a request's body may be, in bytes.
const BODY: usize = 4096;

/// All addresses, behind the gate.
pub fn router(shared: Arc<Shared>, gate: Arc<Gate>) -> Router {
    Router::new()
        .route("/", get(|| file("text/html; charset=utf-8", include_str!("page.html"))))
        .route("/page.css", get(|| file("text/css; charset=utf-8", include_str!("page.css"))))
        .route("/page.js", get(|| file("text/javascript; charset=utf-8", include_str!("page.js"))))
        .route("/healthz", get(healthz))
        .route("/metrics", get(figures))
        .route("/status.json", get(status))
        .route("/api/sessions", get(sessions))
        .route("/api/sessions/{name}", get(session))
        .route("/api/sessions/{name}/findings", get(findings))
        .route("/api/sessions/{name}/archive", post(archive))
        .route("/api/sessions/{name}/restore", post(restore))
        .route(
            "/api/login",
            post({
                let gate = Arc::clone(&gate);
                move |body: Bytes| login(gate, body)
            }),
        )
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(gate, pass))
        .with_state(shared)
}

async fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind)], text)
}

/// The gate itself: host, token, mark, time.
async fn pass(
    State(gate): State<Arc<Gate>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let working = peer.work.begin();
    let mut answer = match refusal(&gate, &request) {
        Some(status) => (status, Json(json!({"error": status.canonical_reason()}))).into_response(),
        None => match tokio::time::timeout(LIMIT, next.run(request)).await {
            Ok(answer) => answer,
            Err(_) => StatusCode::GATEWAY_TIMEOUT.into_response(),
        },
    };
    drop(working);
    gate::harden(&mut answer);
    answer
}

fn refusal(gate: &Gate, request: &Request) -> Option<StatusCode> {
    let (path, headers) = (request.uri().path(), request.headers());
    if !gate.knows_host(headers) {
        return Some(StatusCode::MISDIRECTED_REQUEST);
    }
    let acts = request.method() != Method::GET && request.method() != Method::HEAD;
    if acts && !gate.is_own(headers) {
        return Some(StatusCode::FORBIDDEN);
    }
    // Looking that costs a process isn't for other people's pages to ask for.
    let costs = path == "/status.json" || path.ends_with("/findings");
    if costs && !gate.is_no_foreign_page(headers) {
        return Some(StatusCode::FORBIDDEN);
    }
    // The page itself holds nothing; it asks for the token.
    let open = ["/", "/page.css", "/page.js", "/healthz", "/api/login"].contains(&path);
    let needed = !open && (acts || gate.is_guarded());
    (needed && !gate.has_token(headers)).then_some(StatusCode::UNAUTHORIZED)
}

async fn login(gate: Arc<Gate>, body: Bytes) -> Response {
    let token = String::from_utf8_lossy(&body).trim().to_owned();
    if !gate.is_token(&token) {
        // A guess costs its time.
        tokio::time::sleep(Duration::from_millis(500)).await;
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let cookie = format!("{COOKIE_NAME}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

/// After how many intervals without a sign of life the keeper's rounds count as stopped.
const SILENT_ROUNDS: u32 = 3;

/// Whether the server answers and, beside a keeper, whether its rounds go on. Reads no disk: one that hangs is told of.
async fn healthz(State(shared): State<Arc<Shared>>) -> Response {
    let limit = shared.config.interval.unsigned_abs() * SILENT_ROUNDS;
    match shared.tally.as_ref().map(|tally| tally.silence()).filter(|silence| *silence > limit) {
        Some(silence) => {
            let told = format!("{}\n", shared.lang.rounds_stopped(silence.as_secs()));
            (StatusCode::SERVICE_UNAVAILABLE, told).into_response()
        }
        None => "ok\n".into_response(),
    }
}
