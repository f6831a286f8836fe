//! What the page and Prometheus read: sessions as they lie on the disk, looked at once a second at most.

use super::super::metrics::{self, Tally};
use super::super::seen::{self, Seen};
use super::board;
use crate::config::Config;
use crate::text::Lang;
use crate::verdict::veiled;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long what was read from the disk is shown again.
const FRESH: Duration = Duration::from_secs(1);

/// All sessions as they were last looked at.
pub(super) type Looked = Arc<Vec<Seen>>;

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
    pub(super) fn look(&self) -> Result<Looked, Fault> {
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
pub(super) struct Fault(pub(super) StatusCode, pub(super) String);

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

pub(super) type Answer = Result<Json<Value>, Fault>;

/// The reader's language: asked for, else the browser's, else ours.
#[derive(Deserialize)]
pub(super) struct Wish {
    lang: Option<String>,
}

pub(super) fn language(shared: &Shared, wish: &Wish, headers: &HeaderMap) -> Lang {
    let browser = headers.get(header::ACCEPT_LANGUAGE).and_then(|h| h.to_str().ok());
    wish.lang.as_deref().or(browser).map_or(shared.lang, Lang::of_locale)
}

/// Reads the disk where it may take its time.
pub(super) async fn reading<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let gone = |_| Fault(StatusCode::INTERNAL_SERVER_ERROR, String::new());
    tokio::task::spawn_blocking(work).await.map_err(gone)?
}

/// OpenMetrics for those who ask for it, as Prometheus does; the older text for all others.
pub(super) async fn figures(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Fault> {
    let asked = headers.get(header::ACCEPT).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let open = asked.contains("application/openmetrics-text");
    let text = reading(move || Ok(metrics::text(&shared.look()?, shared.tally.as_deref(), (shared.clock)()))).await?;
    let (kind, text) = match open {
        true => ("application/openmetrics-text; version=1.0.0; charset=utf-8", text),
        false => ("text/plain; version=0.0.4; charset=utf-8", metrics::older(&text)),
    };
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

pub(super) async fn sessions(
    State(shared): State<Arc<Shared>>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    let lang = language(&shared, &wish, &headers);
    reading(move || {
        let now = (shared.clock)();
        let cards: Vec<Value> = shared.look()?.iter().map(|s| board::card(s, lang, now)).collect();
        Ok(Json(json!({"lang": if lang == Lang::Ru { "ru" } else { "en" }, "words": lang.page(), "sessions": cards})))
    })
    .await
}

pub(super) async fn session(
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
pub(super) fn known<'a>(all: &'a [Seen], name: &str) -> Result<&'a Seen, Fault> {
    let shown = all.iter().find(|s| s.name == name);
    let own = || all.iter().find(|s| s.ward.session.name == name);
    shown.or_else(own).ok_or_else(|| Fault(StatusCode::NOT_FOUND, String::new()))
}
