//! Notices by e-mail, taken by a real mail server that wants encryption and a login.

use crate::env::smtp::{PASSWORD, Smtp, USER};
use crate::env::standin::StandIn;
use crate::env::wakeep::Outcome;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Sends a test to `address`, with this password, believing `authority`; `more` are further lines of the configuration.
fn send(bot: &StandIn, address: &str, password: &str, more: &str) -> Outcome {
    let file = bot.home().join("password");
    fs::write(&file, format!("{password}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let config = format!(
        "notify_timeout = \"30s\"\nnotify_email_server = \"{address}\"\nnotify_email_to = \"you@example.com\"\n\
         notify_email_user = \"{USER}\"\nnotify_email_password_file = \"password\"\n{more}"
    );
    fs::write(bot.home().join("wakeep.toml"), config).unwrap();
    let done = bot.wakeep(["notify", "test"]).run();
    assert!(!format!("{done:?}").contains(password), "the password is shown: {done:?}");
    done
}

fn believing(server: &Smtp) -> String {
    format!("notify_email_ca_file = \"{}\"\n", server.authority().display())
}

#[test]
fn a_letter_arrives_encrypted_and_with_a_login() {
    let bot = StandIn::stopped();
    for (mode, scheme) in [("tls", "smtps"), ("starttls", "smtp+starttls")] {
        let server = Smtp::start(mode);
        let done = send(&bot, &format!("{scheme}://localhost:{}", server.port), PASSWORD, &believing(&server));
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done:?}");
        assert_eq!(done.stdout, format!("email (localhost:{}): delivered\n", server.port));
        let letters = server.letters();
        assert!(letters.starts_with(&format!("encrypted {USER} you@example.com\n")), "{letters}");
        assert!(letters.contains("To: you@example.com") && letters.contains("Subject:"), "{letters}");
    }
}

#[test]
fn a_wrong_password_is_one_sentence() {
    let bot = StandIn::stopped();
    let server = Smtp::start("starttls");
    let address = format!("smtp+starttls://localhost:{}", server.port);
    let done = send(&bot, &address, "another-password", &believing(&server));
    assert_eq!(done.code, 1, "{done:?}");
    let place = format!("localhost:{}", server.port);
    let said = "not delivered: the mail server refuses this user and password";
    assert_eq!((done.stdout, done.stderr), (format!("email ({place}): {said}\n"), String::new()));
    let done = send(&bot, &address, "another-password", &format!("{}lang = \"ru\"\n", believing(&server)));
    assert!(
        done.stdout.contains("не доставлено: почтовый сервер не принимает этого пользователя и пароль"),
        "{done:?}"
    );
    assert_eq!(server.letters(), "");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_one_sentence() {
    let bot = StandIn::stopped();
    for (mode, scheme) in [("tls", "smtps"), ("starttls", "smtp+starttls")] {
        let server = Smtp::start(mode);
        let done = send(&bot, &format!("{scheme}://localhost:{}", server.port), PASSWORD, "");
        let said = "the server's certificate is signed by nobody who is trusted here\n";
        assert!(done.code == 1 && done.stdout.ends_with(said) && done.stderr.is_empty(), "{done:?}");
        // Another's certificate is no better for being signed by whom we trust.
        let done = send(&bot, &format!("{scheme}://127.0.0.1:{}", server.port), PASSWORD, &believing(&server));
        let said = "the server's certificate is for another name\n";
        assert!(done.code == 1 && done.stdout.ends_with(said) && done.stderr.is_empty(), "{done:?}");
        assert_eq!(server.letters(), "");
    }
}

#[test]
fn a_password_goes_nowhere_in_clear() {
    let bot = StandIn::stopped();
    let server = Smtp::start("clear");
    let address = format!("smtp+starttls://localhost:{}", server.port);
    let done = send(&bot, &address, PASSWORD, &believing(&server));
    assert!(done.code == 1 && done.stdout.ends_with("doesn't offer encryption (STARTTLS)\n"), "{done:?}");
    let done = send(&bot, "smtp://mail.example.com", PASSWORD, "");
    assert!(done.code == 1 && done.stderr.contains("would cross the network unencrypted"), "{done:?}");
    let done = send(&bot, "smtps://me:pw@mail.example.com", PASSWORD, "");
    assert!(done.code == 1 && done.stderr.contains("don't belong into the address"), "{done:?}");
    assert_eq!(server.letters(), "");
}
