//! What another wakeep process is sent for: to look closely at a session, to archive it, to restore it.

use super::job;
use super::reads::{Answer, Fault, Shared, Wish, known, language, reading};
use crate::text::Lang;
use crate::verdict::veiled;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

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
pub(super) async fn status(State(shared): State<Arc<Shared>>) -> Answer {
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
pub(super) async fn findings(
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

pub(super) async fn archive(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Answer {
    of_session(shared, name, vec!["archive".into(), "--force".into()]).await
}

/// Which backup is wanted: the name of one that is here.
#[derive(Deserialize)]
pub(super) struct Wanted {
    file: String,
}

pub(super) async fn restore(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Json(wanted): Json<Wanted>,
) -> Answer {
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
