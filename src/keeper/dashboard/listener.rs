//! Connections that don't keep a thread, a slot or memory for long: bounded in number, the oldest giving way, and cut
//! off where a request or an answer takes too long.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

/// How many connections there are at most.
const MOST: usize = 256;

/// How long a client may take to send a request's head, or to take a part of an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Listens, and sheds the slow.
pub struct Shedding {
    socket: TcpListener,
    open: VecDeque<oneshot::Sender<()>>,
}

impl Shedding {
    pub fn new(socket: TcpListener) -> Shedding {
        Shedding { socket, open: VecDeque::new() }
    }
}

/// What a request knows of its connection.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Set while a request is being answered: the time for sending one doesn't run then.
    pub busy: Arc<AtomicBool>,
}

impl Connected<IncomingStream<'_, Shedding>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Shedding>) -> Peer {
        stream.remote_addr().clone()
    }
}

impl Listener for Shedding {
    type Io = Connection;
    type Addr = Peer;

    async fn accept(&mut self) -> (Connection, Peer) {
        loop {
            let Ok((stream, _)) = self.socket.accept().await else {
                // Out of file descriptors: some will be free soon.
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            };
            self.open.retain(|c| !c.is_closed());
            if self.open.len() >= MOST {
                // Dropping it cuts the oldest off.
                self.open.pop_front();
            }
            let (keep, end) = oneshot::channel();
            self.open.push_back(keep);
            let busy = Arc::new(AtomicBool::new(false));
            let limit = Box::pin(tokio::time::sleep(PATIENCE));
            return (Connection { stream, end, busy: Arc::clone(&busy), limit }, Peer { busy });
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        self.socket.local_addr().map(|_: SocketAddr| Peer { busy: Arc::default() })
    }
}

/// A connection that ends by itself.
pub struct Connection {
    stream: TcpStream,
    end: oneshot::Receiver<()>,
    busy: Arc<AtomicBool>,
    limit: Pin<Box<Sleep>>,
}

impl Connection {
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let gone = Pin::new(&mut self.end).poll(cx).is_ready();
        let late = !self.busy.load(Ordering::Relaxed) && self.limit.as_mut().poll(cx).is_ready();
        if gone || late { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }

    fn again(&mut self) {
        self.limit.as_mut().reset(Instant::now() + PATIENCE);
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if written.is_ready() {
            self.again();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
