//! Embeddings: vectors that are near each other where texts mean similar things.
//!
//! - Asking: [`Embeddings`], the call; [`EmbeddingRequest`], [`Input`]
//! - Reading: [`EmbeddingList`], [`Embedding`]

pub use crate::calls::Embeddings;
pub use crate::embedding_list::{Embedding, EmbeddingList};
pub use crate::embedding_request::EmbeddingRequest;
pub use crate::input::Input;
