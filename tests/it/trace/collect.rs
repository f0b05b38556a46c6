//! A subscriber of the test's own that keeps everything, as a tree of text.
//!
//! It is the default of one thread for one closure, so tests do not see each other's calls.

use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{NoSubscriber, with_default};
use tracing::{Dispatch, Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// Everything that a subscriber was told.
#[derive(Clone, Default)]
pub(crate) struct Collected(Arc<Mutex<Items>>);

#[derive(Default)]
struct Items {
    all: Vec<Item>,
    /// The open spans by their ids, which are given out again.
    open: HashMap<u64, usize>,
}

/// A span or an event.
struct Item {
    parent: Option<usize>,
    target: &'static str,
    /// The name of a span; events have none.
    name: Option<&'static str>,
    level: String,
    fields: String,
    is_closed: bool,
}

/// Runs `work` with a subscriber of its own, and returns what that was told.
pub(crate) fn collect<T>(work: impl FnOnce() -> T) -> (T, Collected) {
    keep_others();
    let collected = Collected::default();
    let outcome = with_default(Registry::default().with(collected.clone()), work);
    (outcome, collected)
}

/// Begins to collect on all threads of this process, which must be the test's own.
pub(crate) fn collect_everywhere() -> Collected {
    let collected = Collected::default();
    tracing::subscriber::set_global_default(Registry::default().with(collected.clone())).unwrap();
    collected
}

/// Keeps two more subscribers alive, for as long as the tests run.
///
/// While there is but one, `tracing` asks the current thread alone whether anybody wants a span
/// that it meets for the first time, and keeps the answer for all: another test's thread would say
/// no for this one.
fn keep_others() {
    static OTHERS: OnceLock<[Dispatch; 2]> = OnceLock::new();
    OTHERS.get_or_init(|| [(); 2].map(|()| Dispatch::new(NoSubscriber::default())));
}

impl Collected {
    /// Returns the spans and events of this crate and of the test, indented by depth.
    pub(crate) fn tree(&self) -> String {
        let items = self.0.lock().unwrap();
        let mut text = String::new();
        items.write_below(None, 0, &mut text);
        text
    }

    /// Returns every name, target and field there is, also those of the HTTP stack.
    pub(crate) fn everything(&self) -> Vec<String> {
        let items = self.0.lock().unwrap();
        items.all.iter().map(|item| format!("{} {}", item.target, item.line())).collect()
    }

    fn add(&self, id: Option<&Id>, parent: Option<u64>, metadata: &Metadata<'static>) -> usize {
        let mut items = self.0.lock().unwrap();
        let parent = parent.and_then(|parent| items.open.get(&parent).copied());
        let at = items.all.len();
        items.all.push(Item {
            parent,
            target: metadata.target(),
            name: id.map(|_| metadata.name()),
            level: metadata.level().to_string(),
            fields: String::new(),
            is_closed: false,
        });
        if let Some(id) = id {
            items.open.insert(id.into_u64(), at);
        }
        at
    }

    fn change(&self, id: &Id, change: impl FnOnce(&mut Item)) {
        let mut items = self.0.lock().unwrap();
        let at = items.open[&id.into_u64()];
        change(&mut items.all[at]);
    }
}

impl Items {
    fn write_below(&self, parent: Option<usize>, depth: usize, text: &mut String) {
        for (at, item) in self.all.iter().enumerate().filter(|(_, item)| item.parent == parent) {
            if ["flow_api", "user"].contains(&item.target) {
                writeln!(text, "{:width$}{}", "", item.line(), width = 2 * depth).unwrap();
                self.write_below(Some(at), depth + 1, text);
            }
        }
    }
}

impl Item {
    fn line(&self) -> String {
        let open = if self.name.is_some() && !self.is_closed { " STILL OPEN" } else { "" };
        let name = self.name.map(|name| format!(" {name}")).unwrap_or_default();
        format!("{}{name}{}{open}", self.level, self.fields)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collected {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = context.span(id).and_then(|span| span.parent().map(|span| span.id()));
        self.add(Some(id), parent.map(|id| id.into_u64()), attributes.metadata());
        self.change(id, |item| attributes.record(&mut Fields(&mut item.fields)));
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, _: Context<'_, S>) {
        self.change(id, |item| record.record(&mut Fields(&mut item.fields)));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let parent = context.event_span(event).map(|span| span.id().into_u64());
        let at = self.add(None, parent, event.metadata());
        event.record(&mut Fields(&mut self.0.lock().unwrap().all[at].fields));
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        self.change(&id, |item| item.is_closed = true);
        self.0.lock().unwrap().open.remove(&id.into_u64());
    }
}

/// Writes fields in the order they are recorded in.
struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }

    // What is recorded as anything but these reaches OpenTelemetry as text.
    fn record_u64(&mut self, field: &Field, value: u64) {
        write!(self.0, " {field}=unsigned:{value}").unwrap();
    }
}
