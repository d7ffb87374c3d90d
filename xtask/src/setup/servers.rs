//! The servers that projections are checked against by the tests.

use super::debian;
use crate::process::{find, say};
use anyhow::Result;

/// Packages by the program that they bring.
const SERVERS: [(&str, &str); 2] = [("redis-server", "redis-server"), ("memcached", "memcached")];

/// Installs what is missing, where that can be done without asking; else says what goes untested.
pub(super) fn ensure() -> Result<()> {
    let missing = || SERVERS.iter().filter(|(program, _)| find(program).is_none());
    let packages: Vec<&str> = missing().map(|(_, package)| *package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    let named = packages.join(" and ");
    if debian::may_install() {
        say(&format!(
            "Installing {named} with apt-get: the tests compare projections with real servers, which they start themselves"
        ));
        return debian::install_without_starting(&packages);
    }
    say(&format!(
        "Projections are not checked against live servers without {named}: install them to have that tested too"
    ));
    Ok(())
}
