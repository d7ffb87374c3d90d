//! Zstandard files as plain bytes: several frames in a row, skippable frames, checksums.

use super::TraceError;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::error::Error;
use std::io::{self, Read};

/// First bytes of a frame (RFC 8878, section 3.1.1).
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Largest window to allocate: what `zstd --long` asks for by default, and as much as a browser tab can spare.
const MAX_WINDOW: u64 = 128 << 20;

/// Whether a file that begins like this is compressed. Skippable frames (section 3.1.2) may come first.
pub(super) fn is_compressed(head: &[u8]) -> bool {
    match head {
        [0x50..=0x5F, rest @ ..] => rest.starts_with(&[0x2A, 0x4D, 0x18]),
        _ => head.starts_with(&MAGIC),
    }
}

/// The decompressed content of a file.
pub(super) struct Frames<R> {
    source: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        Self {
            source,
            decoder,
            in_frame: false,
        }
    }

    pub(super) fn source(&self) -> &R {
        &self.source
    }

    /// Up to `out.len()` bytes; 0 at the end of the file.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, TraceError> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame && !self.next_frame()? {
                return Ok(0);
            }
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(out).map_err(|error| TraceError::from(&error));
            }
            if !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder
                    .decode_blocks(&mut self.source, one)
                    .map_err(|error| failure(&error))?;
                continue;
            }
            let stored = self.decoder.get_checksum_from_data();
            if stored.is_some() && stored != self.decoder.get_calculated_checksum() {
                return Err(TraceError::Compressed(
                    "the checksum does not match the content".into(),
                ));
            }
            self.in_frame = false;
        }
    }

    /// Enters the next frame; false at the end of the file.
    fn next_frame(&mut self) -> Result<bool, TraceError> {
        loop {
            let mut first = [0];
            if read_up_to(&mut self.source, &mut first)? == 0 {
                return Ok(false);
            }
            match self.decoder.reset(first.chain(&mut self.source)) {
                Ok(()) => {
                    self.in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let mut rest = self.source.by_ref().take(length.into());
                    let skipped =
                        io::copy(&mut rest, &mut io::sink()).map_err(|error| TraceError::from(&error))?;
                    if skipped < u64::from(length) {
                        return Err(TraceError::CompressedCut);
                    }
                }
                Err(error) => return Err(failure(&error)),
            }
        }
    }
}

/// Reads until `out` is full or the source ends; returns how many bytes there were.
pub(super) fn read_up_to(source: &mut impl Read, out: &mut [u8]) -> Result<usize, TraceError> {
    let mut filled = 0;
    while filled < out.len() {
        match source.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(TraceError::from(&error)),
        }
    }
    Ok(filled)
}

/// The decoder wraps what its source reports; an unexpected end there is a file that was cut.
fn failure(error: &FrameDecoderError) -> TraceError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return match io.kind() {
                io::ErrorKind::UnexpectedEof => TraceError::CompressedCut,
                _ => TraceError::from(io),
            };
        }
        cause = inner.source();
    }
    TraceError::Compressed(error.to_string())
}

impl From<&io::Error> for TraceError {
    fn from(error: &io::Error) -> Self {
        Self::Io(error.kind(), error.to_string())
    }
}
