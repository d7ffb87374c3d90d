//! Debian's package manager, where it may be used without asking.

use crate::process::{find, output, run};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Tells Debian's packages whether they may start the service that they bring.
const SERVICE_POLICY: &str = "/usr/sbin/policy-rc.d";

/// Whether this is Debian (others have no packages of these names, or other ones) and we are root.
pub(super) fn may_install() -> bool {
    let is_debian = fs::read_to_string("/etc/os-release")
        .is_ok_and(|release| release.lines().any(|line| line == "ID=debian"));
    is_debian
        && find("apt-get").is_some()
        && output(Command::new("id").arg("-u")).is_ok_and(|user| user == "0")
}

/// Installs packages, and no more than they need.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    run(apt_get().arg("update"))?;
    run(apt_get()
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages))
}

/// As [`install`], without starting the services that the packages bring.
pub(super) fn install_without_starting(packages: &[&str]) -> Result<()> {
    let policy = Path::new(SERVICE_POLICY);
    if policy.exists() {
        // Somebody has decided on it already, as images for containers do.
        return install(packages);
    }
    fs::write(policy, "#!/bin/sh\nexit 101\n").with_context(|| SERVICE_POLICY)?;
    let installed = run(Command::new("chmod").arg("755").arg(policy)).and_then(|()| install(packages));
    fs::remove_file(policy).with_context(|| SERVICE_POLICY)?;
    installed
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.arg("--quiet").env("DEBIAN_FRONTEND", "noninteractive");
    command
}
