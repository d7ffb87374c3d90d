//! The Cacheplan web app: the page (`app`, `chart`), what the user is doing (`session`), the address bar and
//! clipboard (`link`), and the engine in Web Workers (`worker`).
//!
//! Only `worker`, `session`, `link` and `chart` touch browser interfaces other than the document itself.

pub mod app;
pub mod chart;
pub mod link;
pub mod session;
pub mod worker;
