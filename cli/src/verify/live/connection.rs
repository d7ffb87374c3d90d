//! One connection to a server, with bounded patience.

use crate::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// Longest wait for a connection, and for the next bytes of an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest line of an answer.
const LONGEST_LINE: u64 = 1 << 16;

/// Which protocol a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// RESP, of Redis and Valkey.
    Redis,
    /// Memcached's text protocol.
    Memcached,
}

/// A server to talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) protocol: Protocol,
    /// Where it listens, as it was given.
    pub(super) name: String,
    host: String,
    port: u16,
}

impl Endpoint {
    /// Reads `redis://HOST:PORT`, `valkey://HOST:PORT` or `memcached://HOST:PORT`.
    ///
    /// # Errors
    /// Anything else: the message says what is taken.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let wrong = |why: &str| {
            Error::Input(format!(
                "{url}: {why}; write redis://HOST:PORT or memcached://HOST:PORT"
            ))
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("this is no address"))?;
        let protocol = match scheme {
            "redis" | "valkey" => Protocol::Redis,
            "memcached" => Protocol::Memcached,
            _ => return Err(wrong("this protocol is not spoken")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('@') {
            return Err(wrong("passwords are not sent: use a test server without"));
        }
        let (host, port) = rest
            .rsplit_once(':')
            .ok_or_else(|| wrong("the port is missing"))?;
        let port = port
            .parse()
            .map_err(|_| wrong("the port is no number up to 65535"))?;
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        if host.is_empty() {
            return Err(wrong("the host is missing"));
        }
        Ok(Self {
            protocol,
            name: url.into(),
            host: host.into(),
            port,
        })
    }

    /// Its addresses.
    fn addresses(&self) -> Result<Vec<SocketAddr>, Error> {
        (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map(Iterator::collect)
            .map_err(|error| Error::Input(format!("{}: {error}", self.name)))
    }

    /// Connects, to this machine alone unless `remote`.
    ///
    /// # Errors
    /// When it is elsewhere, or nothing answers.
    pub(super) fn connect(&self, remote: bool) -> Result<Connection, Error> {
        let addresses = self.addresses()?;
        if !remote && !addresses.iter().all(|address| address.ip().is_loopback()) {
            return Err(Error::Input(format!(
                "{}: this is not the loopback interface; a live check writes to the server and loads it. Add \
                 --allow-remote if that is what you want",
                self.name
            )));
        }
        let mut last = None;
        for address in addresses {
            match Connection::open(&address) {
                Ok(connection) => return Ok(connection),
                Err(error) => last = Some(error),
            }
        }
        let why = last.map_or_else(|| "the name has no address".into(), |error| error.to_string());
        Err(Error::Failure(format!("{}: no connection: {why}", self.name)))
    }
}

/// An open connection: what is written is sent with [`send`](Self::send).
pub(super) struct Connection {
    stream: TcpStream,
    input: BufReader<TcpStream>,
    output: Vec<u8>,
}

impl Connection {
    fn open(address: &SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect_timeout(address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            input: BufReader::with_capacity(1 << 16, stream.try_clone()?),
            stream,
            output: Vec::new(),
        })
    }

    /// Adds to what is sent next.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    /// Sends what was put.
    pub(super) fn send(&mut self) -> Result<(), Error> {
        let sent = self.stream.write_all(&self.output).map_err(broken);
        self.output.clear();
        sent
    }

    /// The next line of the answer, without its end.
    pub(super) fn line(&mut self) -> Result<String, Error> {
        let mut line = Vec::new();
        let mut limited = self.input.by_ref().take(LONGEST_LINE);
        limited.read_until(b'\n', &mut line).map_err(broken)?;
        if line.pop() != Some(b'\n') {
            return Err(Error::Failure(
                "the server closed the connection or sent an endless line".into(),
            ));
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// The next bytes of the answer and the line end behind them.
    pub(super) fn block(&mut self, bytes: usize) -> Result<Vec<u8>, Error> {
        let mut block = Vec::new();
        let length = bytes as u64 + 2;
        let read = self
            .input
            .by_ref()
            .take(length)
            .read_to_end(&mut block)
            .map_err(broken)?;
        if read as u64 != length {
            return Err(Error::Failure("the server closed the connection".into()));
        }
        block.truncate(bytes);
        Ok(block)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an adapter for map_err")]
fn broken(error: std::io::Error) -> Error {
    Error::Failure(format!("the connection to the server broke: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let redis = Endpoint::parse("redis://127.0.0.1:6379").expect("an address");
        assert_eq!(
            (redis.protocol, redis.host.as_str(), redis.port),
            (Protocol::Redis, "127.0.0.1", 6379)
        );
        let six = Endpoint::parse("memcached://[::1]:11211/").expect("an address");
        assert_eq!(
            (six.protocol, six.host.as_str(), six.port),
            (Protocol::Memcached, "::1", 11_211)
        );
        for wrong in [
            "127.0.0.1:6379",
            "http://a:1",
            "redis://a",
            "redis://:1",
            "redis://a:b",
            "redis://:p@a:1",
        ] {
            assert!(matches!(Endpoint::parse(wrong), Err(Error::Input(_))), "{wrong}");
        }
    }

    #[test]
    fn only_this_machine_is_loaded_unasked() {
        let elsewhere = Endpoint::parse("redis://192.0.2.1:6379").expect("an address");
        assert!(matches!(elsewhere.connect(false), Err(Error::Input(_))));
    }
}
