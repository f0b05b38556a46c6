//! A reply's body, polled step by step.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Sleep, sleep};

use crate::log::InFlight;
use crate::step::Step;
use crate::wire::Plug;

/// The body that the HTTP server polls.
#[derive(Debug)]
pub(crate) struct Steps {
    rest: VecDeque<Step>,
    pause: Option<Pin<Box<Sleep>>>,
    plug: Plug,
    /// The request counts as in flight for as long as its body exists.
    in_flight: InFlight,
}

impl Steps {
    pub(crate) fn new(rest: VecDeque<Step>, plug: Plug, in_flight: InFlight) -> Self {
        let body = Self { rest, pause: None, plug, in_flight };
        body.note_end();
        body
    }

    /// Notes that all is done. The server need not ask again once it has as much as was announced.
    fn note_end(&self) {
        if self.rest.is_empty() {
            self.in_flight.finish();
        }
    }

    fn send(&self, bytes: Bytes) -> Frame<Bytes> {
        self.in_flight.sent(bytes.len());
        self.note_end();
        Frame::data(bytes)
    }
}

impl Body for Steps {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if let Some(pause) = self.pause.as_mut() {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            match self.rest.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(self.send(bytes)))),
                Some(Step::Pause(pause)) if pause.is_zero() => {
                    // The server flushes whenever it has to wait.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Pause(pause)) => self.pause = Some(Box::pin(sleep(pause))),
                Some(Step::Loop(steps)) => {
                    self.rest.push_front(Step::Loop(steps.clone()));
                    steps.into_iter().rev().for_each(|step| self.rest.push_front(step));
                }
                Some(Step::Cut(cut)) => {
                    self.in_flight.finish();
                    self.plug.pull(cut);
                    self.rest.push_front(Step::Hang);
                }
                Some(Step::Hang) => {
                    // Never woken for this: the connection's end drops the body.
                    self.rest.push_front(Step::Hang);
                    return Poll::Pending;
                }
            }
        }
    }
}
