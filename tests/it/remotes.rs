//! One conformance suite for every remote, and what each does when the line breaks: whole or nothing, and one sentence.

use crate::env::proxy::{Fate, Proxy};
use crate::env::s3::{BUCKET, S3};
use crate::env::sshd::Sshd;
use crate::env::wakeep::Wakeep;
use crate::env::{must_succeed, scratch};
use std::path::Path;
use std::time::Duration;
use wakeep::error::{Error, Fault};
use wakeep::remote::{Place, Put, Remote, Settings, Source, Tag, When, open};
use wakeep::text::Lang;

/// Keys that the servers take.
fn settings(endpoint: &str) -> Settings {
    Settings {
        s3_endpoint: Some(endpoint.to_owned()),
        environment: |name| {
            let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
            keys.contains(&name).then(|| "S3RVER".to_owned())
        },
        patience: Duration::from_secs(20),
        ..Settings::default()
    }
}

fn bucket(endpoint: &str) -> Box<dyn Remote> {
    open(&Place::parse(&format!("s3://{BUCKET}/some/prefix"), Path::new("")).unwrap(), &settings(endpoint)).unwrap()
}

fn behind_ssh(config: &Path, folder: &Path) -> Box<dyn Remote> {
    patient_ssh(config, folder, 20)
}

fn patient_ssh(config: &Path, folder: &Path, seconds: u64) -> Box<dyn Remote> {
    let options = vec!["-F".to_owned(), config.display().to_string()];
    let settings = Settings { ssh_options: options, patience: Duration::from_secs(seconds), ..Settings::default() };
    open(&Place::parse(&format!("ssh://vps{}", folder.display()), Path::new("")).unwrap(), &settings).unwrap()
}

fn folder(path: &Path) -> Box<dyn Remote> {
    open(&Place::Dir(path.to_owned()), &Settings::default()).unwrap()
}

fn put(remote: &dyn Remote, name: &str, bytes: &[u8], when: &When) -> Put {
    remote.put(name, &Source::bytes(bytes), when, &mut |_| {}).unwrap()
}

fn get(remote: &dyn Remote, name: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    remote.get(name, None, &mut bytes).unwrap().map(|_| bytes)
}

/// Bytes that repeat nowhere.
fn noise(size: usize, seed: u8) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[seed]);
    let mut bytes = vec![0; size];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

fn the_fault<T: std::fmt::Debug>(result: Result<T, Error>) -> Fault {
    match result.unwrap_err() {
        e @ Error::Remote { .. } => {
            let (en, ru) = (Lang::En.error(&e), Lang::Ru.error(&e));
            assert!(!en.what.contains('\n') && !ru.what.contains('\n'), "{en:?}");
            assert!(!en.what.contains("Signature="), "{en:?}");
            let Error::Remote { fault, .. } = e else { unreachable!() };
            fault
        }
        other => panic!("{other:?}"),
    }
}

/// What every remote promises.
fn conforms(remote: &dyn Remote) {
    assert_eq!(remote.list("").unwrap(), []);
    assert_eq!((remote.head("a").unwrap(), get(remote, "a")), (None, None));
    // Names that a shell or an address would take for something else.
    let names = ["it's a \"name\" $(x) ü %41+.tar.gz", "deep/er/one", "a"];
    for (n, name) in names.iter().enumerate() {
        let content = noise(1000 * n, 1);
        let Put::Stored(tag) = put(remote, name, &content, &When::Always) else { panic!("{name}") };
        assert_eq!(get(remote, name).unwrap(), content, "{name}");
        let there = remote.head(name).unwrap().unwrap();
        assert_eq!((there.name.as_str(), there.bytes, &there.tag), (*name, content.len() as u64, &tag));
        assert!(there.modified.is_some());
    }
    let listed = |prefix: &str| remote.list(prefix).unwrap().into_iter().map(|o| o.name).collect::<Vec<_>>();
    assert_eq!(listed(""), ["a", names[0]]);
    assert_eq!(
        (listed("it"), listed("deep/er/"), listed("deep/er/o")),
        (vec![names[0].to_owned()], vec![names[1].to_owned()], vec![names[1].to_owned()])
    );
    assert_eq!((listed("b"), listed("nowhere/")), (vec![], vec![]));
    // Parts, also beyond the end.
    let content = noise(2000, 1);
    for (range, expected) in [(0..10, &content[..10]), (500..1500, &content[500..1500]), (1990..9999, &content[1990..])]
    {
        let mut part = Vec::new();
        assert!(remote.get("a", Some(range), &mut part).unwrap().is_some());
        assert_eq!(part, expected);
    }
    // Conditions.
    let tag = remote.head("a").unwrap().unwrap().tag;
    assert_eq!(put(remote, "a", b"no", &When::Absent), Put::Refused);
    assert_eq!(put(remote, "a", b"no", &When::Unchanged(Tag::new("0-0-0"))), Put::Refused);
    assert_eq!(put(remote, "nowhere", b"no", &When::Unchanged(tag.clone())), Put::Refused);
    assert_eq!(get(remote, "a").unwrap(), content);
    let Put::Stored(second) = put(remote, "a", b"second", &When::Unchanged(tag.clone())) else { panic!() };
    assert_ne!(second, tag);
    assert_eq!(get(remote, "a").unwrap(), b"second");
    assert!(matches!(put(remote, "new", b"new", &When::Absent), Put::Stored(_)));
    // Gone, twice.
    for _ in 0..2 {
        remote.delete("new").unwrap();
        assert_eq!(remote.head("new").unwrap(), None);
    }
    for name in ["", "/etc/x", "a/../b", "a//b", ".", "a\nb"] {
        assert!(matches!(
            the_fault(remote.put(name, &Source::bytes(b"x"), &When::Always, &mut |_| {})),
            Fault::Name { .. }
        ));
    }
    // A large one, told as it goes, and replaced by another.
    for seed in [2, 3] {
        let large = noise(20 << 20, seed);
        let mut last = 0;
        let done = remote.put("large", &Source::bytes(&large), &When::Always, &mut |n| last = n).unwrap();
        assert!(matches!(done, Put::Stored(_)) && last == large.len() as u64);
        assert!(get(remote, "large").unwrap() == large);
    }
    let spent = remote.spent();
    assert!(spent.requests > 10 && spent.sent >= 40 << 20 && spent.received >= 40 << 20, "{spent:?}");
}

#[test]
fn a_folder_conforms() {
    let home = scratch();
    let remote = folder(home.path());
    conforms(&*remote);
    remote.compares().unwrap();
    use std::os::unix::fs::PermissionsExt;
    let mode = |name: &str| std::fs::metadata(home.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("a"), mode("deep")), (0o600, 0o700));
}

#[test]
fn a_folder_behind_ssh_conforms() {
    let (sshd, home) = (Sshd::new(), scratch());
    let remote = behind_ssh(&sshd.config(sshd.port), home.path());
    conforms(&*remote);
    assert!(matches!(the_fault(remote.compares()), Fault::NoLease { .. }));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(home.path().join("a")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_bucket_conforms() {
    let s3 = S3::moto();
    let remote = bucket(&s3.endpoint());
    conforms(&*remote);
    remote.compares().unwrap();
}

#[test]
fn a_server_that_lies_about_conditions_is_found_out() {
    let s3 = S3::liar();
    let remote = bucket(&s3.endpoint());
    let Fault::NoLease { why } = the_fault(remote.compares()) else { panic!() };
    assert!(why.contains("If-None-Match"), "{why}");
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let home = scratch();
    let remote = folder(&home.path().join("unmounted"));
    let done = remote.put("a", &Source::bytes(b"x"), &When::Always, &mut |_| {});
    assert!(matches!(the_fault(done), Fault::NoFolder { .. }));
    let sshd = Sshd::new();
    let remote = behind_ssh(&sshd.config(sshd.port), &home.path().join("unmounted"));
    assert!(matches!(the_fault(remote.list("")), Fault::NoFolder { .. }));
    assert!(!home.path().join("unmounted").exists());
}

#[test]
fn wrong_credentials_hosts_and_buckets_are_told_apart() {
    let s3 = S3::liar();
    let place = |bucket: &str| Place::parse(&format!("s3://{bucket}"), Path::new("")).unwrap();
    let wrong = Settings { environment: |name| name.contains("_KEY").then(|| "WRONG".to_owned()), ..settings("") };
    let wrong = Settings { s3_endpoint: Some(s3.endpoint()), ..wrong };
    let strange = open(&place(BUCKET), &wrong).unwrap();
    assert!(matches!(the_fault(strange.list("")), Fault::Credentials { .. }));
    let moto = S3::moto();
    let missing = open(&place("missing"), &settings(&moto.endpoint())).unwrap();
    assert!(matches!(the_fault(missing.list("")), Fault::NoBucket { .. }));
    assert!(matches!(the_fault(missing.head("a")), Fault::NoBucket { .. }));
    assert!(matches!(the_fault(missing.get("a", None, &mut Vec::new())), Fault::NoBucket { .. }));
    assert!(matches!(
        the_fault(missing.put("a", &Source::bytes(b"x"), &When::Always, &mut |_| {})),
        Fault::NoBucket { .. }
    ));
    let none = Settings { environment: |_| None, ..settings(&moto.endpoint()) };
    assert_eq!(the_fault(open(&place(BUCKET), &none).map(drop)), Fault::NoCredentials);
    let nobody = Settings { tries: 1, ..settings(&format!("http://127.0.0.1:{}", crate::env::proxy::free_port())) };
    assert!(matches!(the_fault(open(&place(BUCKET), &nobody).unwrap().list("")), Fault::Unreachable { .. }));
    let (sshd, home) = (Sshd::new(), scratch());
    assert!(matches!(the_fault(behind_ssh(&sshd.strangers(), home.path()).list("")), Fault::Credentials { .. }));
    assert_eq!(the_fault(behind_ssh(&sshd.unseen(), home.path()).list("")), Fault::HostKey);
}

/// An authority of one's own, and a file with a certificate it made for 127.0.0.1 and its key.
fn authority(folder: &Path) {
    let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ours \
         -keyout ca.key -out ca.pem 2>log && \
         openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=s3 -keyout key -out csr 2>log && \
         printf 'subjectAltName=IP:127.0.0.1' >ext && \
         openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -days 2 -extfile ext -out crt 2>log && cat crt key >both";
    must_succeed(std::process::Command::new("sh").args(["-ec", script]).current_dir(folder));
}

#[test]
fn a_storage_with_a_certificate_of_ones_own_authority_is_trusted_where_it_is_named() {
    let (ours, theirs) = (scratch(), scratch());
    authority(ours.path());
    authority(theirs.path());
    let s3 = S3::moto_at("127.0.0.1", 0, |python| {
        let mut command = std::process::Command::new(python);
        command.env("MOTO_TLS", ours.path().join("both"));
        command
    });
    let place = Place::parse(&format!("s3://{BUCKET}"), Path::new("")).unwrap();
    let at = |host: &str, file: Option<&Path>| {
        let settings = settings(&format!("https://{host}:{}", s3.port));
        open(&place, &Settings { s3_ca_file: file.map(Path::to_owned), ..settings })
    };
    let (ca, other) = (ours.path().join("ca.pem"), theirs.path().join("ca.pem"));
    let remote = at("127.0.0.1", Some(&ca)).unwrap();
    assert!(matches!(put(&*remote, "a", b"over TLS", &When::Always), Put::Stored(_)));
    assert_eq!(get(&*remote, "a").unwrap(), b"over TLS");
    remote.compares().unwrap();
    for (host, file) in [("127.0.0.1", Some(other.as_path())), ("127.0.0.1", None), ("localhost", Some(&ca))] {
        let refused = at(host, file).unwrap().list("");
        assert!(matches!(the_fault(refused), Fault::Untrusted { .. }), "{host} {file:?}");
    }
    let key = at("127.0.0.1", Some(&ours.path().join("key"))).map(drop);
    assert!(matches!(key, Err(Error::Config { .. })), "{key:?}");
    // As a person sees it, and by the variable that the AWS tools read.
    let wakeep = |file: &Path| {
        let wakeep = Wakeep::new(theirs.path(), ["pull"]).env("WAKEEP_REMOTE", &format!("s3://{BUCKET}"));
        let wakeep = wakeep.env("WAKEEP_S3_ENDPOINT", &format!("https://127.0.0.1:{}", s3.port));
        wakeep
            .env("AWS_ACCESS_KEY_ID", "x")
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("AWS_CA_BUNDLE", file.to_str().unwrap())
            .run()
    };
    let refused = wakeep(&other);
    assert!(refused.code == 1 && refused.stderr.contains("s3_ca_file"), "{refused:?}");
    assert_eq!(wakeep(&ca).code, 10, "nothing is there yet");
}

/// A line that breaks in the middle of an upload and of a download, again and again.
fn survives(proxy: &Proxy, remote: &dyn Remote, direct: &dyn Remote) {
    put(direct, "large", b"old", &When::Always);
    let new = noise(24 << 20, 7);
    assert!(matches!(put(remote, "large", &new, &When::Always), Put::Stored(_)));
    assert!(get(direct, "large").unwrap() == new);
    assert!(get(remote, "large").unwrap() == new);
    assert_eq!(proxy.times_left(), 0, "the line never broke");
    // Twice there would be as much as all of it once more.
    assert!(proxy.up() < (24 << 20) * 19 / 10 && proxy.down() < (24 << 20) * 3 / 2, "{} {}", proxy.up(), proxy.down());
}

#[test]
fn transfers_to_a_bucket_go_on_after_a_broken_line() {
    let s3 = S3::moto();
    for (fate, patience) in [(Fate::Cut, 20), (Fate::Silence, 2)] {
        let proxy = Proxy::new(s3.port, fate, 11 << 20, 2);
        let patient = settings(&format!("http://127.0.0.1:{}", proxy.port));
        let patient = Settings { patience: Duration::from_secs(patience), ..patient };
        let place = Place::parse(&format!("s3://{BUCKET}/{fate:?}"), Path::new("")).unwrap();
        let direct = open(&place, &settings(&s3.endpoint())).unwrap();
        survives(&proxy, &*open(&place, &patient).unwrap(), &*direct);
    }
}

#[test]
fn transfers_over_ssh_go_on_after_a_broken_line() {
    let sshd = Sshd::new();
    for (fate, patience) in [(Fate::Cut, 20), (Fate::Silence, 3)] {
        let home = scratch();
        let proxy = Proxy::new(sshd.port, fate, 10 << 20, 2);
        let remote = patient_ssh(&sshd.config(proxy.port), home.path(), patience);
        survives(&proxy, &*remote, &*folder(home.path()));
        let left = std::fs::read_dir(home.path()).unwrap().flatten().filter(|f| f.file_name() != "large").count();
        assert_eq!(left, 1, "only the lock of the folder remote");
    }
}

#[test]
fn an_upload_given_up_is_found_again_and_its_parts_reused() {
    let s3 = S3::moto();
    let direct = bucket(&s3.endpoint());
    put(&*direct, "large", b"old", &When::Always);
    let proxy = Proxy::new(s3.port, Fate::Cut, 18 << 20, 100);
    let impatient = Settings { tries: 0, ..settings(&format!("http://127.0.0.1:{}", proxy.port)) };
    let place = Place::parse(&format!("s3://{BUCKET}/some/prefix"), Path::new("")).unwrap();
    let new = noise(32 << 20, 8);
    let broken = open(&place, &impatient).unwrap().put("large", &Source::bytes(&new), &When::Always, &mut |_| {});
    assert!(matches!(the_fault(broken), Fault::Unreachable { .. }));
    assert_eq!(get(&*direct, "large").unwrap(), b"old");
    let before = direct.spent();
    assert!(matches!(put(&*direct, "large", &new, &When::Always), Put::Stored(_)));
    let after = direct.spent();
    assert_eq!(after.sent - before.sent, 16 << 20, "two parts of four had arrived");
    // The uploads, its parts, two parts more, the end.
    assert_eq!(after.requests - before.requests, 5);
    assert!(get(&*direct, "large").unwrap() == new);
}

#[test]
fn a_full_disk_there_leaves_what_stood_there() {
    let (sshd, home) = (Sshd::new(), scratch());
    let small = crate::env::proxy::SmallDisk::new(home.path());
    for remote in [folder(small.path()), behind_ssh(&sshd.config(sshd.port), small.path())] {
        put(&*remote, "a", b"old", &When::Always);
        let large = noise(12 << 20, 9);
        let full = remote.put("a", &Source::bytes(&large), &When::Always, &mut |_| {});
        assert_eq!(the_fault(full), Fault::Full);
        assert_eq!(get(&*remote, "a").unwrap(), b"old");
        for item in std::fs::read_dir(small.path()).unwrap().flatten() {
            let _ = std::fs::remove_file(item.path());
        }
    }
}
