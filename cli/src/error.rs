//! What can go wrong, by whose turn it is to act.

use std::fmt;
use std::process::ExitCode;

/// Why a command gave no answer.
#[derive(Debug)]
pub(crate) enum Error {
    /// What was given cannot be used: the user changes it.
    Input(String),
    /// Something else failed, such as reading a file.
    Failure(String),
}

impl Error {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Input(_) => ExitCode::from(2),
            Self::Failure(_) => ExitCode::from(1),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(message) | Self::Failure(message) => f.write_str(message),
        }
    }
}
