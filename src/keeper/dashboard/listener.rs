//! Connections that don't keep a thread, a slot or memory for long: bounded in number, the oldest giving way, and cut
//! off where a request or an answer takes too long.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// What is being done for a connection's client: the client's time doesn't run then.
#[derive(Debug, Default)]
pub struct Work {
    running: AtomicUsize,
    done: AtomicUsize,
}

impl Work {
    /// From now on until the value is dropped.
    pub fn begin(self: &Arc<Work>) -> Working {
        self.running.fetch_add(1, Ordering::SeqCst);
        Working(Arc::clone(self))
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub struct Working(Arc<Work>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.done.fetch_add(1, Ordering::SeqCst);
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What a request knows of its connection.
#[derive(Debug, Clone)]
pub struct Peer {
    /// To be begun with every request.
    pub work: Arc<Work>,
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
            let connection = Connection::new(stream, end, PATIENCE);
            let work = Arc::clone(&connection.work);
            return (connection, Peer { work });
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        self.socket.local_addr().map(|_: SocketAddr| Peer { work: Arc::default() })
    }
}

/// A connection that ends by itself.
pub struct Connection {
    stream: TcpStream,
    end: oneshot::Receiver<()>,
    work: Arc<Work>,
    done: usize,
    patience: Duration,
    limit: Pin<Box<Sleep>>,
}

impl Connection {
    fn new(stream: TcpStream, end: oneshot::Receiver<()>, patience: Duration) -> Connection {
        let limit = Box::pin(tokio::time::sleep(patience));
        Connection { stream, end, work: Arc::default(), done: 0, patience, limit }
    }

    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let gone = Pin::new(&mut self.end).poll(cx).is_ready();
        let late = self.is_late(cx);
        if gone || late { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }

    /// Whether the client has used up its time, which begins anew with every answer: making one may have taken longer.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        if self.work.running.load(Ordering::SeqCst) > 0 {
            return false;
        }
        let done = self.work.done.load(Ordering::SeqCst);
        if std::mem::replace(&mut self.done, done) != done {
            self.again();
        }
        self.limit.as_mut().poll(cx).is_ready()
    }

    fn again(&mut self) {
        let until = Instant::now() + self.patience;
        self.limit.as_mut().reset(until);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[test]
    fn an_answer_that_takes_longer_than_a_client_may_is_still_sent() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let _client = TcpStream::connect(socket.local_addr().unwrap()).await.unwrap();
            let (stream, _) = socket.accept().await.unwrap();
            let (_keep, end) = oneshot::channel();
            let mut connection = Connection::new(stream, end, Duration::from_millis(1));
            let patience = Duration::from_secs(3600);
            while poll_fn(|cx| Poll::Ready(connection.check(cx).is_ok())).await {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            connection.patience = patience;
            let working = connection.work.begin();
            assert!(poll_fn(|cx| Poll::Ready(connection.check(cx))).await.is_ok(), "cut while it is answered");
            drop(working);
            assert!(poll_fn(|cx| Poll::Ready(connection.check(cx))).await.is_ok(), "cut before the answer");
            let left = connection.limit.deadline() - Instant::now();
            assert!(left > patience / 2, "its time begins anew: {left:?}");
        });
    }
}
