//! Limits of streams where neither the caller nor the transport keeps to the clock.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use flow_api::client::InFlight;
use flow_blocking::CancelToken;
use flow_errors::{Error, Kind, Result, RetryPolicy};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt as _;
use tokio::time::{Instant, Sleep};

const CONTENT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
const STOP: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

/// A service that sends each piece at its time.
struct Timed(&'static [(u64, &'static str)]);

struct Body {
    rest: std::slice::Iter<'static, (u64, &'static str)>,
    began: Instant,
    next: Option<(Pin<Box<Sleep>>, &'static str)>,
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        if self.next.is_none() {
            let Some((at, text)) = self.rest.next() else { return Poll::Ready(None) };
            let at = self.began + Duration::from_millis(*at);
            self.next = Some((Box::pin(tokio::time::sleep_until(at)), text));
        }
        let Some((sleep, text)) = &mut self.next else { return Poll::Ready(None) };
        ready!(sleep.as_mut().poll(context));
        let frame = Frame::data(Bytes::from_static(text.as_bytes()));
        self.next = None;
        Poll::Ready(Some(Ok(frame)))
    }
}

#[async_trait::async_trait]
impl flow_async::Transport for Timed {
    async fn send(
        &self,
        _: Request<Bytes>,
        in_flight: &InFlight,
    ) -> Result<Response<flow_async::ReplyBody>> {
        in_flight.mark_sent();
        let body = Body { rest: self.0.iter(), began: Instant::now(), next: None };
        Ok(Response::new(body.boxed_unsync()))
    }
}

fn client(pieces: &'static [(u64, &'static str)]) -> flow_async::Client {
    let client = flow_async::Client::builder().api_key("sk-test");
    client.transport(Arc::new(Timed(pieces))).retry(RetryPolicy::none()).build().unwrap()
}

/// Whoever stops waiting for a piece and comes back later finds it, however late that is.
#[tokio::test]
async fn content_that_came_in_time_is_no_stall_for_a_caller_who_is_late() {
    let client = client(&[(0, CONTENT), (50, CONTENT), (60, STOP)]);
    let call = client.chat("m").user("Hello").idle_timeout(Duration::from_millis(150));
    let mut stream = call.stream().await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().text(), "a");
    tokio::time::timeout(Duration::from_millis(1), stream.next()).await.unwrap_err();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(stream.into_reply().await.unwrap().text(), "aa");
}

/// The first content was there in time; only the runtime was not.
#[tokio::test]
async fn first_content_that_came_in_time_is_not_lost_by_a_runtime_that_stands_still() {
    let client = client(&[(50, CONTENT), (60, STOP)]);
    let call = client.chat("m").user("Hello").first_content_timeout(Duration::from_millis(200));
    let opening = call.stream();
    let read = tokio::spawn(async move { opening.await?.into_reply().await });
    tokio::time::sleep(Duration::from_millis(10)).await;
    thread::sleep(Duration::from_millis(400));
    assert_eq!(read.await.unwrap().unwrap().text(), "a");
}

/// A service that keeps the connection alive for ever, through a transport that knows no limits.
struct Dribble;

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        thread::sleep(Duration::from_millis(5));
        (&b": ping\n\n"[..]).read(buffer)
    }
}

impl flow_blocking::Transport for Dribble {
    fn send(
        &self,
        _: Request<Bytes>,
        in_flight: &InFlight,
        _: &CancelToken,
    ) -> Result<Response<flow_blocking::ReplyBody>> {
        in_flight.mark_sent();
        Ok(Response::new(Box::new(io::Cursor::new(CONTENT).chain(Self))))
    }
}

#[test]
fn keep_alives_end_within_the_limit_whatever_the_transport_does() {
    let client = flow_blocking::Client::builder().api_key("sk-test");
    let client = client.transport(Arc::new(Dribble)).retry(RetryPolicy::none()).build().unwrap();
    let call = client.chat("m").user("Hello").idle_timeout(Duration::from_millis(50));
    let error = call.stream().unwrap().into_reply().unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Timeout, "no content for 50 ms"));
}
