//! The threads that make the calls of a batch: as many as calls were ever under way at once.
//!
//! They end with the batch, and so do their calls.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use flow_api::client::{Task, WorkSpan};
use flow_api::{ChatCompletion, Reply};
use flow_errors::Result;

use crate::CancelToken;
use crate::cancel::{Interrupt, Registration};
use crate::client::Client;

/// What a call came to, or what its thread panicked with.
type Ended = thread::Result<(usize, Result<Reply<ChatCompletion>>)>;

/// The threads of a batch.
pub(super) struct Workers {
    worker: Worker,
    /// `None` when there is nothing more to come.
    tasks: Option<Sender<Task>>,
    ended: Receiver<Ended>,
    threads: Vec<JoinHandle<()>>,
    under_way: usize,
    cancel: CancelToken,
    _ends_with_the_client: Registration,
}

/// What each thread has.
#[derive(Clone)]
struct Worker {
    client: Client,
    span: WorkSpan,
    tasks: Arc<Mutex<Receiver<Task>>>,
    ended: Sender<Ended>,
}

/// Ends the calls of the batch when those of its client are to end.
struct Cancels(CancelToken);

impl Interrupt for Cancels {
    fn interrupt(&self) {
        self.0.cancel();
    }
}

impl Workers {
    pub(super) fn new(client: &Client) -> Self {
        let cancel = CancelToken::new();
        let registration = client.cancel_token().register(Arc::new(Cancels(cancel.clone())));
        let (tasks, to_do) = channel();
        let (ended, over) = channel();
        let worker = Worker {
            client: client.with_cancel_token(&cancel),
            span: WorkSpan::current(),
            tasks: Arc::new(Mutex::new(to_do)),
            ended,
        };
        Self {
            worker,
            tasks: Some(tasks),
            ended: over,
            threads: Vec::new(),
            under_way: 0,
            cancel,
            _ends_with_the_client: registration,
        }
    }

    /// Begins a call.
    pub(super) fn begin(&mut self, task: Task) {
        self.under_way = self.under_way.saturating_add(1);
        if self.threads.len() < self.under_way {
            let worker = self.worker.clone();
            let thread = thread::Builder::new().name("flow-batch".to_owned());
            // Where the system gives no more threads, those that there are make do.
            self.threads.extend(thread.spawn(move || worker.work()));
        }
        match &self.tasks {
            // Its receiver is in the worker, so sending does not fail.
            Some(tasks) if !self.threads.is_empty() => drop(tasks.send(task)),
            _ => self.worker.make(task),
        }
    }

    /// Waits until one of the calls under way is over; `None` if there is none.
    pub(super) fn wait(&mut self) -> Option<Ended> {
        self.under_way = self.under_way.checked_sub(1)?;
        self.ended.recv().ok()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.tasks = None;
        for thread in self.threads.drain(..) {
            // What a thread panicked with has been handed on.
            let _ = thread.join();
        }
    }
}

impl Worker {
    fn work(&self) {
        loop {
            // The lock is released when there is a task, and before it is begun.
            let task = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(task) = task else { return };
            self.make(task);
        }
    }

    fn make(&self, task: Task) {
        // The client is whole after a panic of one of its calls, as it is for any other thread.
        let call = || (task.index(), task.send(&self.client));
        let ended = catch_unwind(AssertUnwindSafe(|| self.span.in_scope(call)));
        // Nobody listens any more when the batch was dropped.
        let _ = self.ended.send(ended);
    }
}
