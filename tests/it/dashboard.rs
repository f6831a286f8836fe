//! The page's server from outside: who may see, who may do, what a crowd of slow clients costs.

use crate::env::standin::{MASKED, StandIn};
use crate::env::wakeep::Running;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A keeper that serves, and where.
struct Served {
    bot: StandIn,
    port: u16,
    _keeper: Running,
}

impl Served {
    fn new() -> Served {
        let bot = StandIn::stopped();
        assert_eq!(bot.wakeep(["archive"]).run().code, 0);
        Served::of(bot, "127.0.0.1")
    }

    fn of(bot: StandIn, ip: &str) -> Served {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("{ip}:{port}");
        let keeper = bot.wakeep(["watch", "--interval", "1s", "--serve", &address]).spawn();
        let served = Served { bot, port, _keeper: keeper };
        wait_for("the server", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        served
    }

    fn token(&self) -> String {
        fs::read_to_string(self.bot.home().join(".wakeep/serve-token")).unwrap()
    }

    /// Status, head and body of one request.
    fn ask(&self, first: &str, headers: &[&str], body: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let host = format!("Host: 127.0.0.1:{}", self.port);
        let named = headers.iter().any(|h| h.starts_with("Host:"));
        let all = headers.iter().copied().chain((!named).then_some(host.as_str()));
        let all: String = all.map(|h| format!("{h}\r\n")).collect();
        let length = body.len();
        write!(stream, "{first} HTTP/1.1\r\n{all}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        (head.get(9..12).and_then(|s| s.parse().ok()).unwrap_or(0), head.to_lowercase(), body.to_owned())
    }

    fn get(&self, path: &str) -> (u16, String, String) {
        self.ask(&format!("GET {path}"), &[], "")
    }
}

fn wait_for(what: &str, mut is: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what} didn't come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn whoever_looks_sees_state_metrics_and_no_phone_number() {
    let served = Served::new();
    let (code, head, page) = served.get("/");
    assert_eq!(code, 200);
    for header in ["content-security-policy: default-src 'none'", "nosniff", "frame-ancestors 'none'", "no-store"] {
        assert!(head.contains(header), "{header}: {head}");
    }
    assert!(!page.contains("<style") && !page.contains("onclick"), "nothing inline");
    let mut seen = String::new();
    for path in
        ["/api/sessions?lang=ru", "/api/sessions/session", "/metrics", "/status.json", "/api/sessions/session/findings"]
    {
        let (code, _, body) = served.get(path);
        assert_eq!(code, 200, "{path}: {body}");
        seen.push_str(&body);
    }
    assert!(seen.contains("Подключён") && seen.contains(MASKED) && !seen.contains("79001234567"), "{seen}");
    assert!(seen.contains("wakeep_session_login_state{session=\"session\",state=\"linked\"} 1"), "{seen}");
    assert!(seen.contains("wakeep_last_archive_age_seconds{session=\"session\"}"), "{seen}");
    assert_eq!(served.get("/healthz").2, "ok\n");
}

#[test]
fn strangers_are_refused() {
    let served = Served::new();
    let token = format!("Authorization: Bearer {}", served.token());
    let act = "POST /api/sessions/session/archive";
    assert_eq!(served.ask("GET /api/sessions", &["Host: evil.example"], "").0, 421, "DNS rebinding");
    assert_eq!(served.ask(act, &["X-Wakeep: 1"], "").0, 401, "no token");
    assert_eq!(served.ask(act, &["X-Wakeep: 1", "Authorization: Bearer nonsense"], "").0, 401, "a wrong token");
    assert_eq!(served.ask(act, &[&token], "").0, 403, "no mark of our own page");
    assert_eq!(served.ask(act, &[&token, "X-Wakeep: 1", "Origin: http://evil.example"], "").0, 403, "CSRF");
    assert_eq!(served.ask("POST /api/login", &["X-Wakeep: 1"], &"x".repeat(100_000)).0, 413, "a body without end");
    for path in ["/api/sessions/..%2f..%2fetc", "/..%2f..%2fetc/passwd", "/../../etc/passwd"] {
        assert_eq!(served.get(path).0, 404, "{path}");
    }
    let json = "Content-Type: application/json";
    let wanted = r#"{"file": "../../../etc/passwd"}"#;
    let restore = "POST /api/sessions/session/restore";
    assert_eq!(served.ask(restore, &[&token, "X-Wakeep: 1", json], wanted).0, 404, "a file that is no backup");
}

#[test]
fn beyond_this_machine_looking_needs_the_token_too() {
    let bot = StandIn::stopped();
    let served = Served::of(bot, "0.0.0.0");
    assert_eq!(served.get("/api/sessions").0, 401);
    assert_eq!(served.get("/metrics").0, 401);
    let token = served.token();
    let (code, head, _) = served.ask("POST /api/login", &["X-Wakeep: 1"], &token);
    assert_eq!(code, 204);
    assert!(head.contains("httponly; samesite=strict"), "{head}");
    assert_eq!(served.ask("GET /metrics", &[&format!("Cookie: wakeep={token}")], "").0, 200);
    let file = served.bot.home().join(".wakeep/serve-token");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_page_archives_and_restores_under_all_laws() {
    let served = Served::new();
    let token = format!("Authorization: Bearer {}", served.token());
    let head = [token.as_str(), "X-Wakeep: 1", "Content-Type: application/json"];
    let (code, _, body) = served.ask("POST /api/sessions/session/archive", &head, "{}");
    assert!(code == 200 && body.contains("created"), "{code} {body}");
    served.bot.tear();
    let depth: Value = serde_json::from_str(&served.get("/api/sessions/session").2).unwrap();
    let wanted = format!(r#"{{"file": {}}}"#, depth["backups"][0]["file"]);
    let (code, _, body) = served.ask("POST /api/sessions/session/restore", &head, &wanted);
    assert!(code == 200 && body.contains("restored"), "{code} {body}");
    assert_eq!(served.bot.wakeep(["check"]).run().code, 0);
}

#[test]
fn no_number_is_shown_and_sessions_that_look_the_same_are_told_apart() {
    let bot = StandIn::stopped();
    let folder = bot.home().join(".wwebjs_auth");
    let numbers = ["79001114567", "79002224567"];
    for number in numbers {
        let to = folder.join(format!("session-{number}"));
        let copied = std::process::Command::new("cp").arg("-a").arg(folder.join("session")).arg(to).status();
        assert!(copied.unwrap().success());
    }
    let served = Served::of(bot, "127.0.0.1");
    let shown = ["session-79•••••4567", "session-79•••••4567~2"];
    let mut seen = String::new();
    wait_for("both archives", || {
        seen = served.get("/metrics").2;
        shown.iter().all(|name| seen.contains(&format!("wakeep_archives_total{{session=\"{name}\"}} 1")))
    });
    let token = format!("Authorization: Bearer {}", served.token());
    for name in shown {
        let name = name.replace('•', "%E2%80%A2");
        let (code, _, body) = served.get(&format!("/api/sessions/{name}"));
        assert_eq!(code, 200, "{body}");
        let act = format!("POST /api/sessions/{name}/archive");
        let (done, _, said) = served.ask(&act, &["X-Wakeep: 1", &token], "{}");
        assert!(done == 200 && said.contains("\"created\""), "{said}");
        seen.push_str(&(body + &said + &served.get(&format!("/api/sessions/{name}/findings")).2));
    }
    seen.push_str(&served.get("/status.json").2);
    seen.push_str(&served.get("/api/sessions").2);
    assert!(numbers.iter().all(|number| !seen.contains(number)), "{seen}");
    // Each archived its own: one at the round, one by the page.
    for number in numbers {
        let journal = fs::read_to_string(served.bot.home().join(format!(".wakeep/session-{number}/journal.jsonl")));
        assert_eq!(journal.unwrap().matches("\"event\":\"created\"").count(), 2, "{number}");
    }
}

#[test]
fn slow_clients_are_shed_while_fast_ones_and_rounds_go_on() {
    let served = Served::new();
    let mut slow: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
            stream
        })
        .collect();
    let round = || fs::read(served.bot.home().join(".wakeep/session/round.json")).unwrap_or_default();
    let rounds_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Fast ones at the same time, without a pause, for as long as three rounds take.
        let fast = || {
            let mut asked = 0;
            while asked < 50 || !rounds_over.load(std::sync::atomic::Ordering::SeqCst) {
                assert_eq!(served.get("/api/sessions").0, 200);
                asked += 1;
            }
        };
        (0..4).for_each(|_| drop(scope.spawn(fast)));
        let mut seen = std::collections::BTreeSet::new();
        let start = Instant::now();
        while seen.len() < 4 && start.elapsed() < Duration::from_secs(60) {
            seen.insert(round());
            std::thread::sleep(Duration::from_millis(50));
        }
        rounds_over.store(true, std::sync::atomic::Ordering::SeqCst);
        assert!(seen.len() >= 4, "rounds went on: {}", seen.len());
    });
    for stream in &mut slow {
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let end = stream.read(&mut [0; 512]);
        let cut =
            end.as_ref().is_ok_and(|n| *n == 0) || end.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset);
        assert!(cut, "a slow client is cut off");
    }
    assert_eq!(served.get("/healthz").0, 200);
}

/// What Chromium finds wrong with the page that shows so many sessions.
fn look(url: &str, cards: &str) {
    crate::env::used("chromium (the page)");
    let dir = crate::env::real_parts();
    let mut command = std::process::Command::new("node");
    crate::env::must_succeed(command.current_dir(dir).args(["dashboard.mjs", url, cards]));
}

/// A session beside the first one, as that one is now.
fn beside(bot: &StandIn, name: &str) -> std::path::PathBuf {
    let to = bot.session().with_file_name(name);
    let copied = std::process::Command::new("cp").arg("-a").arg(bot.session()).arg(&to).status();
    assert!(copied.unwrap().success());
    to
}

#[test]
fn every_state_is_told_on_a_page_that_is_clean_in_both_languages_and_themes_and_on_a_phone() {
    let bot = StandIn::stopped();
    let [broken, left, restored] =
        ["session-broken", "session-left", "session-restored"].map(|name| beside(&bot, name));
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    // However full the disk of this machine is.
    fs::write(bot.home().join("wakeep.toml"), "notify_free = 1\n").unwrap();
    StandIn::log_out_of(&beside(&bot, "session-new"));
    StandIn::log_out_of(&left);
    StandIn::tear_up(&broken);
    StandIn::tear_up(&restored);
    assert_eq!(bot.wakeep(["restore", "--only", "session-restored"]).run().code, 0);
    let served = Served::of(bot, "127.0.0.1");
    let states = [
        ("session", "linked", "good", "Linked"),
        ("session-broken", "broken", "bad", "Damaged"),
        ("session-left", "logged_out", "bad", "Logged out"),
        ("session-new", "waiting", "idle", "Nothing kept yet"),
        ("session-restored", "linked", "good", "Linked"),
    ];
    for (name, standing, tone, headline) in states {
        let mut card = Value::Null;
        wait_for(&format!("{name}: {standing}"), || {
            card = serde_json::from_str(&served.get(&format!("/api/sessions/{name}?lang=en")).2).unwrap_or_default();
            card["standing"] == standing && card["tone"] == tone
        });
        assert_eq!(card["headline"], headline, "{card}");
        // What is wrong comes with what to do; what is well has nothing to tell.
        let wrong = card["wrong"].as_array().unwrap();
        assert!((tone == "bad") != wrong.is_empty() && wrong.iter().all(|w| w["next"].is_string()), "{card}");
    }
    let history = served.get("/api/sessions/session-restored?lang=en").2;
    assert!(history.contains("\"sort\":\"restore\""), "{history}");
    look(&format!("http://127.0.0.1:{}/", served.port), "5");
}

#[test]
fn a_bot_that_runs_elsewhere_is_told_on_the_page() {
    let s3 = crate::env::s3::S3::moto();
    let (one, two) = (crate::lease::app(&s3, "2s"), crate::lease::app(&s3, "2s"));
    let run = |home: &std::path::Path, args: &[&str]| crate::lease::run(home, args.iter().copied()).spawn();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let told = |words: &str| {
        let answer = ureq::get(format!("http://127.0.0.1:{port}/api/sessions?lang=en")).call();
        answer.ok().and_then(|mut a| a.body_mut().read_to_string().ok()).is_some_and(|a| a.contains(words))
    };
    let keeper = run(one.path(), &["watch", "--interval", "1s", "--serve", &format!("127.0.0.1:{port}")]);
    wait_for("the page", || told("\"keeper\":true"));
    assert!(!told("\"elsewhere\""));
    // Silent for longer than its lease lives, it loses it to another machine.
    keeper.signal(rustix::process::Signal::STOP);
    let _other = run(two.path(), &["run", "--take-over", "--", "sleep", "600"]);
    let journal = two.path().join(".wakeep/session/journal.jsonl");
    wait_for("the other's lease", || fs::read_to_string(&journal).is_ok_and(|j| j.contains("lease_taken")));
    keeper.signal(rustix::process::Signal::CONT);
    wait_for("the word on the page", || told("\"elsewhere\"") && told("Runs elsewhere") && told("\"lease_lost\""));
}

#[test]
fn a_thousand_sessions_stay_usable() {
    let bot = StandIn::stopped();
    let folder = bot.home().join(".wwebjs_auth");
    for n in 1..1000 {
        let to = folder.join(format!("session-{n}/Default"));
        fs::create_dir_all(&to).unwrap();
        let status =
            std::process::Command::new("cp").arg("-al").arg(folder.join("session/Default/.")).arg(&to).status();
        assert!(status.unwrap().success());
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _server = bot.wakeep(["serve", "--listen", &format!("127.0.0.1:{port}")]).spawn();
    wait_for("the server", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    look(&format!("http://127.0.0.1:{port}/"), "1000");
}
