//! The addresses: the page, what it reads, what it may ask for, metrics, health.

use super::super::metrics::{self, Tally};
use super::super::seen::{self, Seen};
use super::gate::{self, COOKIE_NAME, Gate};
use super::listener::Peer;
use super::{board, job};
use crate::config::Config;
use crate::text::Lang;
use crate::verdict::veiled;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long one request may take in all; a restore of a large session takes its time.
const LIMIT: Duration = Duration::from_secs(120);

/// How large a request's body may be, in bytes.
const BODY: usize = 4096;

/// How long what was read from the disk is shown again.
const FRESH: Duration = Duration::from_secs(1);

/// All sessions as they were last looked at.
type Looked = Arc<Vec<Seen>>;

/// What every request may use.
pub struct Shared {
    /// The configuration.
    pub config: Config,
    /// The language where a reader asks for none.
    pub lang: Lang,
    /// What the keeper of this process counts.
    pub tally: Option<Arc<Tally>>,
    /// The clock.
    pub clock: fn() -> Timestamp,
    /// Flags that lead another wakeep process to the same configuration.
    pub flags: Vec<String>,
    /// What was last read from the disk.
    pub seen: Mutex<Option<(Instant, Arc<Vec<Seen>>)>>,
    /// One child process at a time.
    pub turn: Arc<tokio::sync::Semaphore>,
}

impl Shared {
    fn look(&self) -> Result<Looked, Fault> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, all)) = seen.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            let _ = at;
            return Ok(Arc::clone(all));
        }
        let told = |e: crate::error::Error| Fault(StatusCode::INTERNAL_SERVER_ERROR, veiled(&self.lang.error(&e).what));
        let all = Arc::new(seen::look(&self.config, self.lang, (self.clock)()).map_err(told)?);
        *seen = Some((Instant::now(), Arc::clone(&all)));
        Ok(all)
    }
}

/// What went wrong, in words.
struct Fault(StatusCode, String);

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

type Answer = Result<Json<Value>, Fault>;

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

/// The reader's language: asked for, else the browser's, else ours.
#[derive(Deserialize)]
struct Wish {
    lang: Option<String>,
}

fn language(shared: &Shared, wish: &Wish, headers: &HeaderMap) -> Lang {
    let browser = headers.get(header::ACCEPT_LANGUAGE).and_then(|h| h.to_str().ok());
    wish.lang.as_deref().or(browser).map_or(shared.lang, Lang::of_locale)
}

/// Reads the disk where it may take its time.
async fn reading<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    let gone = |_| Fault(StatusCode::INTERNAL_SERVER_ERROR, String::new());
    tokio::task::spawn_blocking(work).await.map_err(gone)?
}

/// OpenMetrics for those who ask for it, as Prometheus does; the older text for all others.
async fn figures(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Fault> {
    let asked = headers.get(header::ACCEPT).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let open = asked.contains("application/openmetrics-text");
    let text = reading(move || Ok(metrics::text(&shared.look()?, shared.tally.as_deref(), (shared.clock)()))).await?;
    let (kind, text) = match open {
        true => ("application/openmetrics-text; version=1.0.0; charset=utf-8", text),
        false => ("text/plain; version=0.0.4; charset=utf-8", metrics::older(&text)),
    };
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

async fn sessions(State(shared): State<Arc<Shared>>, Query(wish): Query<Wish>, headers: HeaderMap) -> Answer {
    let lang = language(&shared, &wish, &headers);
    reading(move || {
        let now = (shared.clock)();
        let cards: Vec<Value> = shared.look()?.iter().map(|s| board::card(s, lang, now)).collect();
        Ok(Json(json!({"lang": if lang == Lang::Ru { "ru" } else { "en" }, "words": lang.page(), "sessions": cards})))
    })
    .await
}

async fn session(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    let lang = language(&shared, &wish, &headers);
    reading(move || {
        let all = shared.look()?;
        Ok(Json(board::depth(known(&all, &name)?, &shared.config, lang, (shared.clock)())))
    })
    .await
}

/// A name is only ever compared with those that are here: it never becomes a path. It is the one that is shown, or the
/// session's own for whoever knows it.
fn known<'a>(all: &'a [Seen], name: &str) -> Result<&'a Seen, Fault> {
    let shown = all.iter().find(|s| s.name == name);
    let own = || all.iter().find(|s| s.ward.session.name == name);
    shown.or_else(own).ok_or_else(|| Fault(StatusCode::NOT_FOUND, String::new()))
}

/// What another wakeep process says.
async fn child(shared: Arc<Shared>, args: Vec<String>) -> Result<Value, Fault> {
    let turn = Arc::clone(&shared.turn).acquire_owned().await;
    let turn = turn.map_err(|_| Fault(StatusCode::SERVICE_UNAVAILABLE, String::new()))?;
    let args: Vec<String> = args.into_iter().chain(shared.flags.iter().cloned()).collect();
    let work = move || {
        // Until the child has ended, though whoever asked may be gone by then.
        let _turn = turn;
        job::run(&args).map_err(|e| Fault(StatusCode::CONFLICT, veiled(&e)))
    };
    reading(work).await
}

/// `wakeep status --json`, with the names that may be shown.
async fn status(State(shared): State<Arc<Shared>>) -> Answer {
    let mut value = child(Arc::clone(&shared), vec!["status".into()]).await?;
    reading(move || {
        let all = shared.look()?;
        for told in value["sessions"].as_array_mut().into_iter().flatten() {
            let path = told["path"].as_str().map(std::path::PathBuf::from);
            match all.iter().find(|s| Some(&s.ward.session.path) == path.as_ref()) {
                Some(seen) => seen.veil_all(told),
                // It has come to be since it was looked.
                None => *told = json!({"session": veiled(told["session"].as_str().unwrap_or_default())}),
            }
        }
        Ok(Json(value))
    })
    .await
}

/// Looks at the session itself, and at what is around it; told in words.
async fn findings(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    let lang = language(&shared, &wish, &headers);
    let Json(value) = of_session(shared, name, vec!["doctor".into()]).await?;
    Ok(Json(told(&value, lang)))
}

fn told(value: &Value, lang: Lang) -> Value {
    let one = &value["sessions"][0];
    let verdict: Option<crate::verdict::Verdict> = serde_json::from_value(one["check"].clone()).ok();
    let way = serde_json::from_value(one["way_back"].clone()).unwrap_or_default();
    let findings = verdict.iter().flat_map(|v| &v.findings).map(|f| lang.finding(f, way));
    let ailments = one["ailments"].as_array().into_iter().flatten();
    let ailments = ailments.filter_map(|a| serde_json::from_value(a["ailment"].clone()).ok());
    let ailments = ailments.map(|a: crate::ailment::Ailment| lang.ailment(&a));
    let all: Vec<Value> = findings
        .chain(ailments)
        .map(|t| json!({"what": veiled(&t.what), "next": t.next.as_deref().map(veiled)}))
        .collect();
    json!({"verdict": verdict.map(|v| lang.verdict(&v)), "findings": all})
}

/// What another wakeep process says of one session.
async fn of_session(shared: Arc<Shared>, name: String, mut args: Vec<String>) -> Answer {
    let looked = Arc::clone(&shared);
    let wanted = name.clone();
    // By its path: two folders may hold sessions of one name.
    let path = reading(move || Ok(known(&looked.look()?, &wanted)?.ward.session.path.clone())).await?;
    args.extend(["--only".to_owned(), path.to_string_lossy().into_owned()]);
    let mut value = child(Arc::clone(&shared), args).await?;
    reading(move || {
        let all = shared.look()?;
        if let Some(seen) = all.iter().find(|s| s.ward.session.path == path) {
            seen.veil_all(&mut value);
        }
        Ok(Json(value))
    })
    .await
}

async fn archive(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Answer {
    of_session(shared, name, vec!["archive".into(), "--force".into()]).await
}

/// Which backup is wanted: the name of one that is here.
#[derive(Deserialize)]
struct Wanted {
    file: String,
}

async fn restore(State(shared): State<Arc<Shared>>, Path(name): Path<String>, Json(wanted): Json<Wanted>) -> Answer {
    let (looked, session) = (Arc::clone(&shared), name.clone());
    let from = reading(move || {
        let all = looked.look()?;
        let backups = known(&all, &session)?.ward.vault.backups().unwrap_or_default();
        let same = |p: &std::path::PathBuf| p.file_name().is_some_and(|n| n == wanted.file.as_str());
        let path = backups.into_iter().map(|b| b.path).find(same);
        path.ok_or_else(|| Fault(StatusCode::NOT_FOUND, String::new()))
    });
    let from = from.await?.to_string_lossy().into_owned();
    of_session(shared, name, vec!["restore".into(), "--force".into(), "--from".into(), from]).await
}
