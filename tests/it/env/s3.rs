//! Object storages on 127.0.0.1: moto behind a lock keeps its word about conditions; s3rver checks signatures, ignores
//! conditions, and says that all went well.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server with one bucket; ended when dropped.
pub struct S3 {
    child: Child,
    command: Command,
    before_port: &'static str,
    folder: tempfile::TempDir,
    pub port: u16,
}

/// The bucket of each.
pub const BUCKET: &str = "bots";

/// Some signature: moto looks at none, but wants one.
const SIGNED: &str = "Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, \
                      SignedHeaders=host, Signature=0";

/// moto, with one request at a time, says after each what it was and how it went: a line `METHOD PATH?QUERY STATUS`.
/// Its arguments: the log, the address, the port, the bucket; `MOTO_TLS` is a file with its certificate and key.
const MOTO: &str = r#"
import io, os, sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import Client
inner, lock, log = DomainDispatcherApplication(create_backend_app), threading.Lock(), open(sys.argv[1], 'a', buffering=1)
def app(environ, start):
    length = int(environ.get('CONTENT_LENGTH') or 0)
    body = environ['wsgi.input'].read(length)
    if len(body) < length:
        start('400 Bad Request', []); return [b'']
    environ['wsgi.input'] = io.BytesIO(body)
    with lock:
        said = []
        def note(status, headers, exc=None):
            said.append(status)
            return start(status, headers)
        answer = list(inner(environ, note))
        small = body.decode('latin1').replace('\n', ' ') if len(body) < 1000 else ''
        log.write('%s %s?%s %s %s\n' % (environ['REQUEST_METHOD'], environ['PATH_INFO'], environ.get('QUERY_STRING', '').split('&X-Amz')[0].split('X-Amz')[0], said[0].split()[0], small))
    return answer
class Quiet(WSGIRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log(self, *a): pass
made = Client(inner).put('/' + sys.argv[4], base_url='http://127.0.0.1')
assert made.status_code == 200, made.data
server = make_server(sys.argv[2], int(sys.argv[3]), app, threaded=True, request_handler=Quiet,
    ssl_context=(os.environ['MOTO_TLS'],) * 2 if 'MOTO_TLS' in os.environ else None)
print('port', server.port, flush=True)
server.serve_forever()
"#;

impl S3 {
    /// The server that keeps its word.
    pub fn moto() -> S3 {
        S3::moto_at("127.0.0.1", 0, Command::new)
    }

    /// The same at an address and a port, its program started as it is said.
    pub fn moto_at(address: &str, port: u16, program: impl FnOnce(PathBuf) -> Command) -> S3 {
        super::used("moto");
        let python = tools().join("s3/bin/python");
        assert!(python.exists(), "moto isn't installed: scripts/test installs it");
        let folder = super::scratch();
        let script = folder.path().join("server.py");
        std::fs::write(&script, MOTO).unwrap();
        let mut command = program(python);
        command.arg(&script).arg(folder.path().join("log")).args([address, &port.to_string(), BUCKET]);
        S3::start(command, folder, "port ")
    }

    /// The server that lies.
    pub fn liar() -> S3 {
        super::used("s3rver");
        let folder = super::scratch();
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/node_modules/.bin/s3rver");
        let mut command = Command::new(program);
        command.args(["--port", "0", "--address", "127.0.0.1", "--configure-bucket", BUCKET, "-d"]).arg(folder.path());
        command.arg("--no-vhost-buckets");
        S3::start(command, folder, "S3rver listening on 127.0.0.1:")
    }

    fn start(mut command: Command, folder: tempfile::TempDir, before_port: &'static str) -> S3 {
        let (child, port) = spawn(&mut command, before_port);
        S3 { child, command, before_port, folder, port }
    }

    /// Kills it: what it kept in memory is gone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again at the port that it had.
    pub fn start_again(&mut self) {
        let mut again = Command::new(self.command.get_program());
        let port = self.port.to_string();
        // `0` was the port: any.
        again.args(self.command.get_args().map(|a| if a == "0" { std::ffi::OsStr::new(&port) } else { a }));
        again.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.child = spawn(&mut again, self.before_port).0;
    }

    /// Its address.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it was asked and answered, in order: `METHOD PATH?QUERY STATUS BODY`.
    pub fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.log_file()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Where it writes that.
    pub fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// All that lies in the bucket: names and bytes, as whoever keeps it sees them.
    pub fn objects(&self) -> Vec<(String, Vec<u8>)> {
        let list = String::from_utf8(self.raw("?list-type=2")).unwrap();
        let names = list.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap().to_owned());
        names.map(|name| (name.clone(), self.raw(&format!("/{name}")))).collect()
    }

    fn raw(&self, path: &str) -> Vec<u8> {
        let mut line = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!("GET /{BUCKET}{path} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\n{SIGNED}\r\n\r\n", self.port);
        line.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        line.read_to_end(&mut answer).unwrap();
        let head = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
        assert!(answer[..head].windows(5).any(|w| w == b" 200 "), "{}", String::from_utf8_lossy(&answer[..head]));
        answer.split_off(head)
    }

    /// Waits until it has been asked that.
    pub fn wait_for(&self, what: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.log().iter().any(|l| what(l)) {
            assert!(Instant::now() < deadline, "{:#?}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A signal to it.
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }
}

/// Starts a server and returns its port, once it listens.
fn spawn(command: &mut Command, before_port: &str) -> (Child, u16) {
    let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = loop {
        let line = lines.next().expect("the server says its port").unwrap();
        if let Some((_, port)) = line.split_once(before_port) {
            break port.trim().parse().unwrap();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    (child, port)
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the tests' tools are kept.
pub fn tools() -> PathBuf {
    PathBuf::from(super::told("HOME").unwrap()).join(".cache/wakeep-tools")
}
