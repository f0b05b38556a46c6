//! What client crates are made of: the pieces between the calls that users make and a transport.
//!
//! A client crate implements [`Build`], [`Execute`] and [`ExecuteBatch`]; its driver is a loop over [`Running`]. See
//! `flow-async` and `flow-blocking`, which are little more than that and a transport.

pub mod head;

pub use crate::arrived::Arrived;
pub use crate::batch::in_order::InOrder;
pub use crate::batch::queue::{Next, Queue, Task};
pub use crate::batch::start::ExecuteBatch;
pub use crate::body::BodyReader;
pub use crate::builder::Build;
pub use crate::calls::Execute;
pub use crate::connection::Connection;
pub use crate::in_flight::InFlight;
pub use crate::patience::Patience;
pub use crate::plan::Plan;
pub use crate::read::Decode;
pub use crate::reply::Received;
pub use crate::running::Running;
pub use crate::settings::Settings;
pub use crate::stream_call::StreamCall;
pub use crate::streaming::Streaming;
pub use crate::trace::WorkSpan;
