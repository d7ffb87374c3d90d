//! Scenarios as links: the text after `#` in an address.
//!
//! `s1.` or `s2.` names the form. What follows is base64url without padding of
//!
//! ```text
//! length    LEB128    bytes of all that follows it
//! checksum  4 bytes   CRC-32/ISO-HDLC of the body, little-endian
//! body      the rest  the frozen form `v1` or `v2` in postcard, raw deflate
//! ```
//!
//! The length tells a link that was cut from one that was changed. Every change of a single character is noticed,
//! as CRC-32 detects all bursts of up to 32 bits; other damage passes with a probability of 2^-32 and must then also
//! inflate and parse. A form that was published is never changed: what `s1.` cannot hold goes into numbered parts of
//! `s2.`, and only then is `s2.` written. `tests/links` holds links that must open for ever.

mod code;
mod deflate;
mod v1;
mod v2;
mod values;

use super::Scenario;
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use deflate::deflate;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use std::fmt;

/// Why a link does not open. Displays as a sentence or two that say what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// No link of ours at all.
    NotALink,
    /// Made by a newer Cacheplan: the number of its form.
    Newer(u32),
    /// Characters are missing at the end.
    Cut,
    /// Characters were changed, or there are too many.
    Damaged,
}

/// Number of the newest form that [`encode`] writes and [`decode`] reads.
const FORM: u32 = 2;

/// Most bytes of an inflated body; a valid scenario takes a few thousand. It bounds the memory that a hostile link
/// can ask for.
const MOST_INFLATED: usize = 1 << 20;

/// Bit by bit: a table would be a kilobyte to download, for a few hundred bytes to sum up.
const CHECKSUM: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

const BASE64: GeneralPurpose = base64(GeneralPurposeConfig::new());
/// Reads text that was cut within a group of four characters, too.
const BASE64_CUT: GeneralPurpose = base64(GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

const fn base64(config: GeneralPurposeConfig) -> GeneralPurpose {
    let config = config
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone);
    GeneralPurpose::new(&URL_SAFE, config)
}

/// The text after `#`, such as `s1.AbC...`.
///
/// It holds any scenario, valid or not, whose texts stay far below a mebibyte.
pub fn encode(scenario: &Scenario) -> String {
    let (form, body) = write(scenario);
    let body = deflate(&body);
    let mut framed = Vec::with_capacity(body.len() + 8);
    write_length(&mut framed, CHECKSUM_BYTES + body.len());
    framed.extend_from_slice(&CHECKSUM.checksum(&body).to_le_bytes());
    framed.extend_from_slice(&body);
    format!("s{form}.{}", BASE64.encode(framed))
}

/// Reads what [`encode`] wrote: the fragment with or without `#`, or a whole address. White space, as mail programs
/// add it, is ignored.
///
/// Whether the values in it are valid is for [`Scenario::issues`] to say.
///
/// # Errors
/// Says whether the link is cut, damaged, newer or none of ours.
pub fn decode(text: &str) -> Result<Scenario, LinkError> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let fragment = text
        .split_once('#')
        .map_or(text.as_str(), |(_, fragment)| fragment);
    match form_of(fragment)? {
        (form @ 1..=FORM, Some(payload)) => read(form, &inflate(payload)?),
        (1..=FORM, None) => Err(LinkError::Cut),
        (newer, _) => Err(LinkError::Newer(newer)),
    }
}

/// The scenario as bytes, for programs of the same version to hand to each other: what a link holds, neither
/// compressed nor protected.
pub fn to_bytes(scenario: &Scenario) -> Vec<u8> {
    let (form, mut bytes) = write(scenario);
    bytes.push(form as u8);
    bytes
}

/// Reads what [`to_bytes`] wrote.
///
/// # Errors
/// When these are other bytes.
pub fn from_bytes(bytes: &[u8]) -> Result<Scenario, LinkError> {
    let (form, body) = bytes.split_last().ok_or(LinkError::Cut)?;
    read(u32::from(*form), body)
}

/// The oldest form that holds all of a scenario, and its bytes.
fn write(scenario: &Scenario) -> (u32, Vec<u8>) {
    match v2::write(scenario) {
        Some(body) => (2, body),
        None => (1, v1::write(scenario)),
    }
}

fn read(form: u32, body: &[u8]) -> Result<Scenario, LinkError> {
    match form {
        1 => v1::read(body).ok_or(LinkError::Damaged),
        2 => v2::read(body),
        newer => Err(LinkError::Newer(newer)),
    }
}

/// The number of the form and what follows its dot; `None` when not even the dot is left.
fn form_of(fragment: &str) -> Result<(u32, Option<&str>), LinkError> {
    let rest = fragment.strip_prefix('s').ok_or(LinkError::NotALink)?;
    let (number, payload) = match rest.split_once('.') {
        Some((number, payload)) => (number, Some(payload)),
        None => (rest, None),
    };
    let canonical = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    match number.parse() {
        Ok(form) if canonical => Ok((form, payload)),
        _ => Err(LinkError::NotALink),
    }
}

/// Checks the payload and returns the inflated body.
fn inflate(payload: &str) -> Result<Vec<u8>, LinkError> {
    let (length_bytes, length) = read_length(payload)?;
    let characters = base64_length(length_bytes.saturating_add(length));
    match payload.len() {
        found if found < characters => return Err(LinkError::Cut),
        found if found > characters => return Err(LinkError::Damaged),
        _ => {}
    }
    let framed = BASE64.decode(payload).map_err(|_| LinkError::Damaged)?;
    let (checksum, body) = framed
        .get(length_bytes..)
        .and_then(<[u8]>::split_first_chunk::<CHECKSUM_BYTES>)
        .ok_or(LinkError::Damaged)?;
    if CHECKSUM.checksum(body) != u32::from_le_bytes(*checksum) {
        return Err(LinkError::Damaged);
    }
    decompress_to_vec_with_limit(body, MOST_INFLATED).map_err(|_| LinkError::Damaged)
}

const CHECKSUM_BYTES: usize = 4;

/// Characters that so many bytes take in base64 without padding.
fn base64_length(bytes: usize) -> usize {
    bytes.saturating_mul(4).div_ceil(3)
}

/// Appends a number as LEB128: seven bits a byte, least significant first, the eighth bit set on all but the last.
fn write_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}

/// Reads the length at the start of the payload: how many bytes it takes, and how many must follow.
fn read_length(payload: &str) -> Result<(usize, usize), LinkError> {
    // Six characters hold four bytes, hence lengths of up to 2^28, far above any link.
    const MOST_BYTES: usize = 4;
    let head = payload.as_bytes();
    let head = head.get(..base64_length(MOST_BYTES)).unwrap_or(head);
    // A single character of a group of four holds no whole byte.
    let whole = match head {
        [whole @ .., _] if head.len() % 4 == 1 => whole,
        whole => whole,
    };
    let bytes = BASE64_CUT.decode(whole).map_err(|_| LinkError::Damaged)?;
    let mut length = 0;
    for (index, byte) in bytes.iter().enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((index + 1, length));
        }
    }
    Err(if bytes.len() < MOST_BYTES {
        LinkError::Cut
    } else {
        LinkError::Damaged
    })
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotALink => write!(
                f,
                "This is not a Cacheplan link: those hold #s1. or #s{FORM}. followed by letters and digits."
            ),
            Self::Newer(form) => write!(
                f,
                "This link was made by a newer version of Cacheplan (its form is {form}, this version reads up to {FORM}). \
                 Update this one, or ask for a new link."
            ),
            Self::Cut => f.write_str(
                "This link is cut: characters are missing at its end. Copy it again, as a whole.",
            ),
            Self::Damaged => f.write_str(
                "This link is damaged: some of its characters were changed on the way. Copy it again from where it came.",
            ),
        }
    }
}

impl std::error::Error for LinkError {}
