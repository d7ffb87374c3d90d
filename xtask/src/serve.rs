//! The development server.

use crate::build::BUILD_ID_VARIABLE;
use crate::process::{run, say};
use crate::{paths, setup};
use anyhow::{Result, bail};
use std::net::{Ipv4Addr, TcpListener};

/// Builds, serves on the loopback address, and rebuilds whenever a source file changes, until it is interrupted.
pub(crate) fn serve(port: u16, release: bool, open: bool) -> Result<()> {
    let tools = setup::web()?;
    if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        bail!(
            "cannot serve on port {port}: {error}. Choose another one: cargo xtask serve --port {}",
            other(port)
        );
    }
    let mut trunk = tools.trunk();
    trunk.arg("serve").arg("--port").arg(port.to_string());
    // A folder of its own, so that `dist/` stays the release build.
    trunk.arg("--dist").arg(paths::target()?.join("serve"));
    if release {
        trunk.arg("--release");
    }
    if open {
        trunk.arg("--open");
    }
    // Page and workers are always rebuilt together here, so one id does for the whole session.
    trunk.env(BUILD_ID_VARIABLE, "development");
    say(&format!(
        "Cacheplan will be at http://127.0.0.1:{port}/ once it is built; Ctrl+C stops"
    ));
    run(&mut trunk)
}

/// A port to suggest instead of one that is taken.
fn other(port: u16) -> u16 {
    port.checked_add(1).unwrap_or(8080)
}
