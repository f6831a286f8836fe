//! A mail server on 127.0.0.1: aiosmtpd, with a login, with encryption from the start, on demand, or none. Its
//! certificate is signed by an authority that openssl made for this test.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Who may log in.
pub const USER: &str = "bot@example.com";
pub const PASSWORD: &str = "s3cret-of-the-post";

/// A running mail server; ended when dropped.
pub struct Smtp {
    child: Child,
    folder: tempfile::TempDir,
    pub port: u16,
}

/// argv: `folder` (certificate, key, letters), `tls`, `starttls` or `clear`, user, password.
const AIOSMTPD: &str = r#"
import asyncio, os, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
folder, mode, user, password = sys.argv[1:5]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.path.join(folder, 'server.pem'), os.path.join(folder, 'server.key'))
class Sink:
    async def handle_DATA(self, server, session, envelope):
        how = 'encrypted' if mode != 'clear' and (mode == 'tls' or session.ssl) else 'clear'
        who = session.auth_data.login.decode() if session.auth_data else '-'
        with open(os.path.join(folder, 'letters'), 'ab') as out:
            out.write(('%s %s %s\n' % (how, who, ','.join(envelope.rcpt_tos))).encode() + envelope.content + b'\n')
        return '250 taken'
def login(server, session, envelope, mechanism, data):
    right = data.login.decode() == user and data.password.decode() == password
    return AuthResult(success=right, handled=False, auth_data=data if right else None)
def protocol():
    return SMTP(Sink(), hostname='localhost', authenticator=login, auth_required=mode != 'clear',
                auth_require_tls=mode == 'starttls', require_starttls=mode == 'starttls',
                tls_context=context if mode == 'starttls' else None)
async def serve():
    server = await asyncio.get_running_loop().create_server(protocol, '127.0.0.1', 0, ssl=context if mode == 'tls' else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(serve())
"#;

impl Smtp {
    /// Starts one; `mode` is `tls`, `starttls` or `clear`. Its certificate is for `localhost`.
    pub fn start(mode: &str) -> Smtp {
        super::used("aiosmtpd");
        let home = PathBuf::from(std::env::var_os("HOME").unwrap());
        let python = home.join(".cache/wakeep-tools/smtp/bin/python");
        assert!(python.exists(), "aiosmtpd isn't installed: scripts/test installs it");
        let folder = super::scratch();
        certify(folder.path());
        let script = folder.path().join("server.py");
        fs::write(&script, AIOSMTPD).unwrap();
        let mut command = Command::new(python);
        command.arg(&script).arg(folder.path()).args([mode, USER, PASSWORD]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap_or_else(|_| panic!("aiosmtpd didn't start: {line:?}"));
        Smtp { child, folder, port }
    }

    /// The authority that signed the server's certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What came in: a line `encrypted|clear USER TO`, then the letter.
    pub fn letters(&self) -> String {
        fs::read_to_string(self.folder.path().join("letters")).unwrap_or_default()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority, and a certificate of its for `localhost`.
fn certify(folder: &Path) {
    let run = |words: &str| {
        let done = Command::new("openssl").args(words.split(' ')).current_dir(folder).output().unwrap();
        assert!(done.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&done.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    run(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=test-authority"));
    run(&format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"));
    fs::write(folder.join("ext"), "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n").unwrap();
    run("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out server.pem");
}
