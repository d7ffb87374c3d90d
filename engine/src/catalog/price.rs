//! Price of a node-hour by region.

use super::table::{Row, header, rows};
use super::{Engine, NodeType};
use crate::units::Usd;
use std::sync::OnceLock;

/// A catalogue price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Price of one node for one hour, without tax.
    pub usd_per_hour: Usd,
    /// Where it is from.
    pub source: &'static str,
    /// Date of the source, as year-month-day.
    pub as_of: &'static str,
}

/// The regions that have prices.
pub fn regions() -> impl ExactSizeIterator<Item = &'static str> {
    PRICES.iter().map(|(region, _)| *region)
}

/// The on-demand price of a node; `None` when the catalogue has none for the region, or the engine does not run on it.
pub fn node_price(region: &str, node: &NodeType, engine: Engine) -> Option<Price> {
    let book = books().iter().find(|book| book.region == region)?;
    let prices = book.nodes.iter().find(|prices| prices.node == node.name)?;
    let usd_per_hour = match engine {
        Engine::RedisOss7 => prices.redis_oss?,
        Engine::Memcached16 => prices.memcached?,
        _ => prices.valkey,
    };
    Some(Price {
        usd_per_hour,
        source: book.source,
        as_of: book.as_of,
    })
}

/// Prices of Serverless.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServerlessPrice {
    /// Price of a GB (10^9 bytes) of data for an hour, without tax.
    pub usd_per_gb_hour: Usd,
    /// Price of a million ECPUs, without tax.
    pub usd_per_million_ecpu: Usd,
    /// Data that is billed at least, GB.
    pub min_gb: f64,
    /// Where they are from.
    pub source: &'static str,
    /// Date of the source, as year-month-day.
    pub as_of: &'static str,
}

const SERVERLESS: &str = include_str!("prices/serverless.csv");

/// The prices of Serverless; `None` when the catalogue has none for the region.
pub fn serverless_price(region: &str, engine: Engine) -> Option<ServerlessPrice> {
    let software = match engine {
        Engine::RedisOss7 => "redis_oss",
        Engine::Memcached16 => "memcached",
        _ => "valkey",
    };
    rows(SERVERLESS).find_map(|row| {
        let (of, by, price) = serverless_price_of(row)?;
        (of == region && by == software).then_some(price)
    })
}

fn serverless_price_of(mut row: Row<'static>) -> Option<(&'static str, &'static str, ServerlessPrice)> {
    let (region, software) = (row.text()?, row.text()?);
    let price = ServerlessPrice {
        usd_per_gb_hour: Usd(row.number()?),
        usd_per_million_ecpu: Usd(row.number()?),
        min_gb: row.number()?,
        source: header(SERVERLESS, "source"),
        as_of: header(SERVERLESS, "as_of"),
    };
    row.end()?;
    Some((region, software, price))
}

const TRANSFER: &str = include_str!("prices/transfer.csv");

/// Price of a GB (10^9 bytes) that leaves a region for another one; `None` when the catalogue has none.
pub fn transfer_price(region: &str) -> Option<TransferPrice> {
    rows(TRANSFER).find_map(|mut row| {
        let of = row.text()?;
        let usd_per_gb = Usd(row.number()?);
        row.end()?;
        (of == region).then_some(TransferPrice {
            usd_per_gb,
            source: header(TRANSFER, "source"),
            as_of: header(TRANSFER, "as_of"),
        })
    })
}

/// Price of data between regions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransferPrice {
    /// Price of a GB (10^9 bytes), without tax.
    pub usd_per_gb: Usd,
    /// Where it is from.
    pub source: &'static str,
    /// Date of the source, as year-month-day.
    pub as_of: &'static str,
}

/// Tables by region.
const PRICES: &[(&str, &str)] = &[("us-east-1", include_str!("prices/us-east-1.csv"))];

struct Book {
    region: &'static str,
    source: &'static str,
    as_of: &'static str,
    nodes: Vec<NodePrices>,
}

struct NodePrices {
    node: &'static str,
    redis_oss: Option<Usd>,
    valkey: Usd,
    memcached: Option<Usd>,
}

fn books() -> &'static [Book] {
    static BOOKS: OnceLock<Vec<Book>> = OnceLock::new();
    BOOKS.get_or_init(|| {
        PRICES
            .iter()
            .map(|&(region, table)| Book {
                region,
                source: header(table, "source"),
                as_of: header(table, "as_of"),
                nodes: rows(table).filter_map(prices_of).collect(),
            })
            .collect()
    })
}

fn prices_of(mut row: Row<'static>) -> Option<NodePrices> {
    let prices = NodePrices {
        node: row.text()?,
        redis_oss: row.optional_number()?.map(Usd),
        valkey: Usd(row.number()?),
        memcached: row.optional_number()?.map(Usd),
    };
    row.end()?;
    Some(prices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{node_type, node_types};

    #[test]
    fn every_row_of_the_tables_parses() {
        for (region, table) in PRICES {
            for (number, row) in rows(table).enumerate() {
                assert!(prices_of(row).is_some(), "row {number} of {region}.csv");
            }
        }
        for book in books() {
            assert!(
                !book.source.is_empty() && !book.as_of.is_empty(),
                "{}",
                book.region
            );
        }
    }

    #[test]
    fn serverless_has_prices_for_every_engine_in_every_region() {
        assert!(rows(SERVERLESS).all(|row| serverless_price_of(row).is_some()));
        for region in regions() {
            for engine in Engine::ALL {
                assert!(serverless_price(region, engine).is_some(), "{region} {engine:?}");
            }
        }
        let redis = serverless_price("us-east-1", Engine::RedisOss7).unwrap();
        // The user guide's example: 100,000 ECPU/s cost 1.224 USD an hour.
        assert!((100_000.0 * 3_600.0 / 1e6 * redis.usd_per_million_ecpu.0 - 1.224).abs() < 1e-9);
        assert!(regions().all(|region| transfer_price(region).is_some()));
        assert_eq!(serverless_price("mars-1", Engine::RedisOss7), None);
    }

    #[test]
    fn every_type_has_a_price_on_every_engine_that_runs_on_it() {
        for region in regions() {
            for node in node_types() {
                for engine in Engine::ALL {
                    let price = node_price(region, node, engine);
                    assert_eq!(price.is_some(), node.supports(engine), "{} {engine:?}", node.name);
                    assert!(price.is_none_or(|price| price.usd_per_hour > Usd(0.0)));
                }
            }
        }
    }

    #[test]
    fn prices_are_those_of_the_list() {
        let node = node_type("cache.r7g.large").unwrap();
        let price = node_price("us-east-1", node, Engine::Valkey81).unwrap();
        assert_eq!(price.usd_per_hour, Usd(0.1752));
        assert_eq!(price.as_of, "2026-10-02");
        let price = node_price("us-east-1", node, Engine::RedisOss7).unwrap();
        assert_eq!(price.usd_per_hour, Usd(0.219));
        let price = node_price("us-east-1", node, Engine::Memcached16).unwrap();
        assert_eq!(price.usd_per_hour, Usd(0.219));
        assert!(node_price("mars-1", node, Engine::Valkey81).is_none());
    }
}
