//! What can be bought: node types, engine versions and prices, compiled in from CSV files that state the source
//! of every figure.

mod engine;
mod node;
mod price;
mod table;
pub mod throughput;

pub use engine::Engine;
pub use node::{BurstCredits, NodeType, node_type, node_types, peak_ops};
pub use price::{
    Price, ServerlessPrice, TransferPrice, node_price, regions, serverless_price, transfer_price,
};
