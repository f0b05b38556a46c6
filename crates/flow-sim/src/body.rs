//! A reply's body as a list of steps: send, pause, hang, cut.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Sleep, sleep};

use crate::log::InFlight;
use crate::wire::{Cut, Plug};

/// One thing that a body does.
#[derive(Debug)]
pub(crate) enum Step {
    Send(Bytes),
    Pause(Duration),
    Hang,
    Cut(Cut),
}

/// The body that the HTTP server polls.
#[derive(Debug)]
pub(crate) struct Steps {
    rest: VecDeque<Step>,
    pause: Option<Pin<Box<Sleep>>>,
    plug: Plug,
    /// The request counts as in flight for as long as its body exists.
    _in_flight: InFlight,
}

impl Steps {
    pub(crate) const fn new(rest: VecDeque<Step>, plug: Plug, in_flight: InFlight) -> Self {
        Self { rest, pause: None, plug, _in_flight: in_flight }
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
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Pause(pause)) => self.pause = Some(Box::pin(sleep(pause))),
                Some(Step::Cut(cut)) => {
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
