//! HTTP on a listener: a bounded number of connections, none of which can be held by being slow.

use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::AddExtension;
use axum::{Extension, Router};
use axum_server::Handle;
use axum_server::accept::Accept;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::Layer;

/// Connections of one listener at once; one more is closed before it has said anything.
const MOST_CONNECTIONS: usize = 1_024;
/// Longest time for the head of a request.
const SLOW_HEADERS: Duration = Duration::from_secs(10);
/// How long open pages and event streams may take to end.
const OPEN_PAGES: Duration = Duration::from_secs(2);

/// Serves until `stop`; open pages and event streams get a moment to end.
pub(super) async fn serve(listener: TcpListener, pages: Router, stop: CancellationToken) {
    serve_most(listener, pages, stop, MOST_CONNECTIONS).await;
}

async fn serve_most(listener: TcpListener, pages: Router, stop: CancellationToken, most: usize) {
    let handle = Handle::<SocketAddr>::new();
    let end = handle.clone();
    let service = pages.into_make_service_with_connect_info::<SocketAddr>();
    let serving = async {
        // HTTP/1 alone: whoever says nothing at all is timed out from the first moment on.
        let server = axum_server::from_tcp(listener.into_std()?)?.http1_only();
        let server = server.handle(handle);
        let mut server = server.acceptor(Places(Arc::new(Semaphore::new(most))));
        // A client that sends its request line by line must not hold a connection for ever.
        let mut http = server.http_builder().http1();
        http.timer(TokioTimer::new())
            .header_read_timeout(SLOW_HEADERS);
        server.serve(service).await
    };
    tokio::pin!(serving);
    let result = tokio::select! {
        ended = &mut serving => ended,
        () = stop.cancelled() => {
            end.graceful_shutdown(Some(OPEN_PAGES));
            serving.await
        }
    };
    if let Err(error) = result {
        tracing::error!(%error, "pages are no longer served: {error}");
    }
}

/// Places for connections. The service of a connection holds its place and ends with it.
#[derive(Clone, Debug)]
struct Places(Arc<Semaphore>);

impl<I, S> Accept<I, S> for Places {
    type Stream = I;
    type Service = AddExtension<S, Arc<OwnedSemaphorePermit>>;
    type Future = Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let place = Arc::clone(&self.0).try_acquire_owned().map_err(|_| {
            tracing::debug!("an HTTP connection is closed: too many at once");
            io::Error::other("too many connections")
        });
        ready(place.map(|place| (stream, Extension(Arc::new(place)).layer(service))))
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// Asks for a page and keeps the connection; `None` if it is closed instead.
    async fn visit(server: SocketAddr) -> Option<TcpStream> {
        let mut stream = TcpStream::connect(server).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
        // The server may have closed the connection before the request is written.
        let _closed = stream.write_all(request).await;
        let mut answer = [0; 12];
        let read = stream.read_exact(&mut answer).await.ok()?;
        assert_eq!((read, &answer), (12, b"HTTP/1.1 200"));
        Some(stream)
    }

    #[tokio::test]
    async fn one_connection_too_many_is_closed_until_another_one_ends() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let server = listener.local_addr().unwrap();
        let pages = Router::new().route("/", get(|| async { "page" }));
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve_most(listener, pages, stop.clone(), 2));
        let first = visit(server).await.unwrap();
        let _second = visit(server).await.unwrap();

        assert!(visit(server).await.is_none());

        drop(first);
        let again = async { while visit(server).await.is_none() {} };
        tokio::time::timeout(Duration::from_secs(20), again)
            .await
            .unwrap();
        stop.cancel();
        serving.await.unwrap();
    }
}
