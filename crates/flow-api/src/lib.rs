//! The FlowAPI wire, without I/O.

mod api_key;
mod base_url;
mod connection;
mod in_flight;
mod proxy;

pub use crate::api_key::ApiKey;
pub use crate::base_url::{BaseUrl, DEFAULT_BASE_URL};
pub use crate::connection::Connection;
pub use crate::in_flight::InFlight;
pub use crate::proxy::Proxy;
