//! Accepts connections and lets an HTTP server work on each.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::service::Service;
use crate::wire::{Plug, Wire};

/// Accepts connections for ever; dropping the runtime ends it and them.
pub(crate) async fn accept(listener: TcpListener, service: Arc<Service>) {
    let mut number: u64 = 0;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                number = number.saturating_add(1);
                tokio::spawn(serve(stream, number, Arc::clone(&service)));
            }
            // Out of file descriptors, or a client that left at once. Others may do better, but
            // not in a busy loop.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// Serves one connection until it ends or a handler cuts it.
async fn serve(stream: TcpStream, number: u64, service: Arc<Service>) {
    // Without it a slow body's pieces would wait for each other.
    let _ = stream.set_nodelay(true);
    let plug = Plug::default();
    let wire = Wire::new(stream, plug.clone());
    let handler = service_fn(move |request| {
        Box::pin(Arc::clone(&service).handle(number, plug.clone(), request))
    });
    // The answers of a seed are the same on every day: no date.
    let mut connection =
        http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(wire), handler);
    // The socket must come back, so that it can be ended as the plug says. Errors are cuts and
    // clients that have gone: there is nobody to tell.
    let _ = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    connection.into_parts().io.into_inner().end().await;
}
