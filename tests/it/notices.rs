//! Notices, sent to a real server of ours that answers, fails, and is away.

use crate::env::standin::StandIn;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long a notice may take to arrive.
const PATIENCE: Duration = Duration::from_secs(90);

/// A request that came in: its first line and headers, and its body.
type Came = (String, String);

/// Serves; each request gets the next status, the last one for ever. 0 hangs.
fn sink(listener: TcpListener, statuses: &'static [u16]) -> Receiver<Came> {
    let (sender, came) = channel();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for (n, stream) in listener.incoming().flatten().enumerate() {
            let status = *statuses.get(n).or(statuses.last()).unwrap();
            let Some(request) = read(&stream) else { continue };
            let _ = sender.send(request);
            if status == 0 {
                held.push(stream);
                continue;
            }
            let _ = write!(&stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    came
}

/// Serves with whatever status is set at that moment.
fn switched(listener: TcpListener) -> Arc<AtomicU16> {
    let status = Arc::new(AtomicU16::new(503));
    let answers = Arc::clone(&status);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if read(&stream).is_some() {
                let status = answers.load(Ordering::SeqCst);
                let _ = write!(&stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        }
    });
    status
}

fn read(stream: &TcpStream) -> Option<Came> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.to_lowercase();
    let length = length.split("content-length: ").nth(1).and_then(|l| l.lines().next()?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8_lossy(&body).into_owned()))
}

fn configure(home: &Path, lines: &str) {
    fs::write(
        home.join("wakeep.toml"),
        format!("interval = \"1s\"\nnotify_timeout = \"2s\"\nnotify_free = 1\n{lines}"),
    )
    .unwrap();
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn wait_for(came: &Receiver<Came>, what: &str) -> Came {
    let start = std::time::Instant::now();
    while start.elapsed() < PATIENCE {
        if let Ok(request) = came.recv_timeout(Duration::from_secs(1))
            && request.1.contains(what)
        {
            return request;
        }
    }
    panic!("{what} didn't arrive");
}

#[test]
fn a_lost_login_is_told_once_and_then_that_all_is_well() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let (hook, port) = listener();
    // Fails, hangs, comes back.
    let came = sink(hook, &[500, 0, 204]);
    fs::write(bot.home().join("secret"), "key\n").unwrap();
    configure(
        bot.home(),
        &format!(
            "lang = \"ru\"\nnotify_webhook = \"http://127.0.0.1:{port}/s3cret\"\nnotify_webhook_secret_file = \"secret\"\n"
        ),
    );
    let keeper = bot.wakeep(["watch"]).spawn();
    bot.tear();
    for _ in 0..3 {
        let (head, body) = wait_for(&came, "session_lost");
        let value: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(value["notices"][0]["what"], "began", "told once: {body}");
        assert!(body.contains("вход потерян") && !body.contains("79001234567"), "{body}");
        assert!(head.to_lowercase().contains("x-wakeep-signature: sha256="), "{head}");
    }
    assert_eq!(bot.wakeep(["restore"]).run().code, 0);
    let (_, body) = wait_for(&came, "\"well\"");
    assert!(!body.contains("session_lost\",\"what\":\"goes_on"), "{body}");
    keeper.signal(rustix::process::Signal::TERM);
    let said = keeper.wait();
    assert!(!(said.stderr + &said.stdout).contains("s3cret"));
}

/// The journal's lines of this event.
fn journaled(bot: &StandIn, event: &str) -> Vec<Value> {
    let text = fs::read_to_string(bot.vault().join("journal.jsonl")).unwrap_or_default();
    let lines = text.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
    lines.filter(|l| l["event"] == event).collect()
}

fn wait_for_event(bot: &StandIn, event: &str) {
    let start = std::time::Instant::now();
    while journaled(bot, event).is_empty() {
        assert!(start.elapsed() < PATIENCE, "{event} isn't journaled");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_failing_channel_is_told_once_and_once_that_it_is_well_again() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let (hook, port) = listener();
    let status = switched(hook);
    configure(bot.home(), &format!("lang = \"ru\"\nnotify_webhook = \"http://127.0.0.1:{port}/s3cret\"\n"));
    bot.tear();
    let keeper = bot.wakeep(["watch"]).spawn();
    wait_for_event(&bot, "notices_fail");
    let said = bot.wakeep(["--lang", "en", "status"]).run().stdout;
    assert!(said.contains("notices don't arrive by webhook\n"), "{said}");
    assert!(said.contains(&format!("notices don't arrive by webhook (127.0.0.1:{port})")), "{said}");

    status.store(200, Ordering::SeqCst);
    wait_for_event(&bot, "notices_arrive");
    let said = bot.wakeep(["status", "--json"]).json(4);
    let wrong = said["sessions"][0]["conditions"].to_string();
    assert!(!wrong.contains("notices_fail"), "{wrong}");
    keeper.signal(rustix::process::Signal::TERM);
    let said = keeper.wait().stderr;
    for (event, words) in [("notices_fail", "уведомления не доходят"), ("notices_arrive", "снова доходят")]
    {
        assert_eq!((journaled(&bot, event).len(), said.matches(words).count()), (1, 1), "{event}: {said}");
    }
    let failed = &journaled(&bot, "notices_fail")[0];
    assert_eq!(
        (failed["channel"].as_str(), failed["error"].as_str()),
        (Some("webhook"), Some("сервер ответил HTTP 503"))
    );
    assert!(!said.contains("s3cret"), "{said}");
}

#[test]
fn what_could_not_be_sent_is_sent_by_the_next_keeper() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let (reserved, port) = listener();
    drop(reserved);
    fs::write(bot.home().join("token"), "123:abc").unwrap();
    configure(
        bot.home(),
        &format!(
            "notify_telegram_api = \"http://127.0.0.1:{port}\"\nnotify_telegram_chat = 42\nnotify_telegram_token_file = \"token\"\n"
        ),
    );
    bot.tear();
    let keeper = bot.wakeep(["watch"]).spawn();
    let outbox = bot.vault().join("outbox/telegram");
    let start = std::time::Instant::now();
    while !fs::read_dir(&outbox)
        .is_ok_and(|mut d| d.any(|e| e.unwrap().path().extension().is_some_and(|e| e == "json")))
    {
        assert!(start.elapsed() < PATIENCE, "nothing was written down");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(keeper);
    let came = sink(TcpListener::bind(("127.0.0.1", port)).unwrap(), &[200]);
    let _keeper = bot.wakeep(["watch"]).spawn();
    let (head, body) = wait_for(&came, "the login is lost");
    assert!(head.starts_with("POST /bot123:abc/sendMessage") && body.contains("\"chat_id\":\"42\""), "{head}{body}");
}

#[test]
fn neither_a_taken_port_nor_a_bad_secret_ends_the_watch() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let (hook, port) = listener();
    let (_taken, page) = listener();
    let came = sink(hook, &[200]);
    configure(
        bot.home(),
        &format!(
            "notify_webhook = \"http://127.0.0.1:{port}/hook\"\n\
             notify_telegram_chat = 42\nnotify_telegram_token_file = \"no such file\"\n"
        ),
    );
    let keeper = bot.wakeep(["watch", "--serve", &format!("127.0.0.1:{page}")]).spawn();
    bot.tear();
    wait_for(&came, "session_lost");
    keeper.signal(rustix::process::Signal::TERM);
    let said = keeper.wait();
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stderr.contains("no such file") && said.stderr.contains(&page.to_string()), "{said:?}");
}

#[test]
fn what_is_lost_at_the_bots_end_is_told_before_the_keeper_goes() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let (hook, port) = listener();
    let came = sink(hook, &[200]);
    configure(bot.home(), &format!("notify_webhook = \"http://127.0.0.1:{port}/hook\"\n"));
    let file = bot.home().join("wakeep.toml");
    // One round at the start: the next look is the last.
    let slow = fs::read_to_string(&file).unwrap().replace("\"1s\"", "\"1h\"").replace("\"2s\"", "\"60s\"");
    fs::write(&file, slow).unwrap();
    let tables = bot.session().join("Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb");
    let tear = format!("set -- '{}'/*.ldb; truncate -s 100 \"$1\"; exit 7", tables.display());
    assert_eq!(bot.wakeep(["run", "--", "sh", "-c", &tear]).run().code, 7);
    let (_, body) = wait_for(&came, "session_lost");
    assert!(body.contains("\"began\""), "{body}");
}

#[test]
fn every_channel_can_be_tried() {
    let bot = StandIn::stopped();
    let (http, port) = listener();
    let came = sink(http, &[200]);
    let (mail, smtp) = listener();
    let letter = std::thread::spawn(move || letter(mail));
    configure(
        bot.home(),
        &format!(
            "notify_ping = \"http://127.0.0.1:{port}/ping\"\nnotify_ntfy = \"http://127.0.0.1:{port}/topic\"\n\
         notify_email_server = \"smtp://127.0.0.1:{smtp}\"\nnotify_email_to = \"you@example.com\"\n"
        ),
    );
    let done = bot.wakeep(["notify", "test"]).run();
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stdout.contains("email (127.0.0.1") && done.stdout.contains("ntfy") && done.stdout.contains("ping"));
    assert!(wait_for(&came, "\"topic\":\"topic\"").0.starts_with("POST / "));
    let letter = letter.join().unwrap();
    assert!(letter.contains("To: you@example.com") && letter.contains("Subject:"), "{letter}");
}

/// A mail server's side of one letter (RFC 5321).
fn letter(listener: TcpListener) -> String {
    let (stream, _) = listener.accept().unwrap();
    let (mut reader, mut writer) = (BufReader::new(stream.try_clone().unwrap()), stream);
    writer.write_all(b"220 sink\r\n").unwrap();
    let (mut all, mut data) = (String::new(), false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return all;
        }
        all.push_str(&line);
        let answer: &[u8] = match line.trim_end() {
            "." if data => {
                data = false;
                b"250 taken\r\n"
            }
            _ if data => continue,
            "DATA" => {
                data = true;
                b"354 go on\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        writer.write_all(answer).unwrap();
    }
}
