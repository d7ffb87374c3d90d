//! The wire form of postcard, written and read by one description of a value.
//!
//! Every part of a scenario has a function that names its parts in order. [`Code`] goes through them and either writes
//! what it finds or puts what it reads in its place: a tenth of what derived code would weigh in the page, and no way
//! for the two directions to differ. The form is that of postcard 1: numbers as LEB128, reals as 8 bytes little-endian,
//! lengths before texts and lists, the number of its variant before what an enum holds.

/// Goes through a value, writing or reading it.
pub(super) struct Code<'a> {
    /// What is still to be read; `None` when writing.
    rest: Option<&'a [u8]>,
    written: Vec<u8>,
    /// Whether something was read that cannot be: all that follows is left as it is.
    broken: bool,
    /// Whether that was the number of a variant that is not known here.
    unknown: bool,
}

/// Why bytes are not a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// They are not what any version writes.
    Damaged,
    /// They name a variant that a newer version has added.
    Newer,
}

/// The bytes of a value. It is passed as one that may change, but writing changes nothing.
pub(super) fn bytes_of<T>(value: &mut T, describe: fn(&mut Code<'_>, &mut T)) -> Vec<u8> {
    let mut code = Code {
        rest: None,
        written: Vec::new(),
        broken: false,
        unknown: false,
    };
    describe(&mut code, value);
    code.written
}

/// Puts what the bytes say into a value.
///
/// # Errors
/// When they are not exactly one.
pub(super) fn read_into<T>(
    bytes: &[u8],
    value: &mut T,
    describe: fn(&mut Code<'_>, &mut T),
) -> Result<(), Fault> {
    let mut code = Code {
        rest: Some(bytes),
        written: Vec::new(),
        broken: false,
        unknown: false,
    };
    describe(&mut code, value);
    if code.unknown {
        Err(Fault::Newer)
    } else if code.broken || !code.rest.is_some_and(<[u8]>::is_empty) {
        Err(Fault::Damaged)
    } else {
        Ok(())
    }
}

impl Code<'_> {
    /// Whether it reads.
    pub(super) fn reads(&self) -> bool {
        self.rest.is_some()
    }

    /// What was read cannot be.
    pub(super) fn fail(&mut self) {
        self.broken = true;
    }

    /// The next bytes to read, so many of them.
    fn take(&mut self, count: usize) -> &[u8] {
        match self.rest.and_then(|rest| rest.split_at_checked(count)) {
            Some((taken, rest)) if !self.broken => {
                self.rest = Some(rest);
                taken
            }
            _ => {
                self.broken = true;
                &[]
            }
        }
    }

    /// A byte as it is.
    pub(super) fn u8(&mut self, value: &mut u8) {
        if self.reads() {
            if let [byte] = *self.take(1) {
                *value = byte;
            }
        } else {
            self.written.push(*value);
        }
    }

    /// A number up to `most`.
    fn number(&mut self, value: &mut u64, most: u64) {
        if !self.reads() {
            let mut left = *value;
            while left >= 0x80 {
                self.written.push(left as u8 | 0x80);
                left >>= 7;
            }
            self.written.push(left as u8);
            return;
        }
        let mut read = 0_u128;
        for shift in (0..70).step_by(7) {
            let mut byte = 0;
            self.u8(&mut byte);
            read |= u128::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                match u64::try_from(read) {
                    Ok(read) if read <= most && !self.broken => *value = read,
                    _ => self.fail(),
                }
                return;
            }
        }
        self.fail();
    }

    pub(super) fn u64(&mut self, value: &mut u64) {
        self.number(value, u64::MAX);
    }

    pub(super) fn u32(&mut self, value: &mut u32) {
        let mut wide = u64::from(*value);
        self.number(&mut wide, u32::MAX.into());
        *value = wide as u32;
    }

    /// Which variant of so many.
    pub(super) fn one_of(&mut self, value: usize, count: usize) -> usize {
        let mut wide = value as u64;
        self.number(&mut wide, u32::MAX.into());
        if wide >= count as u64 {
            self.unknown |= !self.broken;
            self.fail();
            return value;
        }
        wide as usize
    }

    pub(super) fn bool(&mut self, value: &mut bool) {
        let mut wide = u64::from(*value);
        self.number(&mut wide, 1);
        *value = wide == 1;
    }

    pub(super) fn f64(&mut self, value: &mut f64) {
        if self.reads() {
            if let Ok(bytes) = self.take(8).try_into() {
                *value = f64::from_le_bytes(bytes);
            }
        } else {
            self.written.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// How many follow; never more than there are bytes left, so that no length makes it ask for memory.
    pub(super) fn length(&mut self, length: usize) -> usize {
        let most = self.rest.map_or(usize::MAX, <[u8]>::len);
        let mut wide = length as u64;
        self.number(&mut wide, most as u64);
        if self.broken { 0 } else { wide as usize }
    }

    /// Bytes with their number before them.
    pub(super) fn bytes(&mut self, value: &mut Vec<u8>) {
        let length = self.length(value.len());
        if self.reads() {
            *value = self.take(length).to_vec();
        } else {
            self.written.extend_from_slice(value);
        }
    }

    pub(super) fn text(&mut self, value: &mut String) {
        let mut bytes = value.clone().into_bytes();
        self.bytes(&mut bytes);
        match String::from_utf8(bytes) {
            Ok(text) => *value = text,
            Err(_) => self.fail(),
        }
    }

    /// What may be missing.
    pub(super) fn option<T: Default>(&mut self, value: &mut Option<T>, describe: fn(&mut Self, &mut T)) {
        let mut is = value.is_some();
        self.bool(&mut is);
        if is != value.is_some() {
            *value = is.then(T::default);
        }
        if let Some(value) = value {
            describe(self, value);
        }
    }

    /// Any number of things.
    pub(super) fn list<T: Default>(&mut self, values: &mut Vec<T>, describe: fn(&mut Self, &mut T)) {
        let length = self.length(values.len());
        if !self.reads() {
            return values.iter_mut().for_each(|value| describe(self, value));
        }
        values.clear();
        for _ in 0..length {
            let mut value = T::default();
            describe(self, &mut value);
            if self.broken {
                return;
            }
            values.push(value);
        }
    }

    /// A choice without anything in it, from the list of all in their order.
    pub(super) fn choice<T: Copy + PartialEq>(&mut self, value: &mut T, all: &[T]) {
        let at = all.iter().position(|one| one == value).unwrap_or(0);
        if let Some(read) = all.get(self.one_of(at, all.len())) {
            *value = *read;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(code: &mut Code<'_>, value: &mut u64) {
        code.u64(value);
    }

    fn narrow_number(code: &mut Code<'_>, value: &mut u32) {
        code.u32(value);
    }

    #[test]
    fn numbers_are_those_of_postcard() {
        for number in [0, 1, 127, 128, 300, 1 << 31, u64::MAX] {
            let bytes = bytes_of(&mut number.clone(), wide);
            assert_eq!(Ok(&bytes), postcard::to_allocvec(&number).as_ref());
            let mut read = 7;
            assert_eq!(read_into(&bytes, &mut read, wide), Ok(()));
            assert_eq!(read, number);
        }
        let mut narrow = 7;
        let bytes = bytes_of(&mut (1 << 32), wide);
        assert!(read_into(&bytes, &mut narrow, narrow_number).is_err());
        assert_eq!(narrow, 7);
        assert!(read_into(&[0xFF; 11], &mut 0, wide).is_err());
    }

    #[test]
    fn lists_texts_and_gaps_are_those_of_postcard() {
        let mut value = vec![Some("ä".to_string()), None, Some(String::new())];
        let describe: fn(&mut Code<'_>, &mut Vec<Option<String>>) =
            |code, value| code.list(value, |code, text| code.option(text, Code::text));
        let bytes = bytes_of(&mut value, describe);
        assert_eq!(Ok(&bytes), postcard::to_allocvec(&value).as_ref());
        let mut read = Vec::new();
        assert_eq!(read_into(&bytes, &mut read, describe), Ok(()));
        assert_eq!(read, value);
        // Neither bytes that are missing nor ones that are left are a value.
        assert!(read_into(&bytes[..bytes.len() - 1], &mut read, describe).is_err());
        assert!(read_into(&[&bytes[..], &[0]].concat(), &mut read, describe).is_err());
        // A length of gigabytes asks for no memory.
        assert!(read_into(&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F], &mut read, describe).is_err());
        // What is neither there nor missing is damage, an unknown choice the work of a newer version.
        assert_eq!(read_into(&[1, 2], &mut read, describe), Err(Fault::Damaged));
        let choice: fn(&mut Code<'_>, &mut u8) = |code, value| code.choice(value, &[7, 8]);
        assert_eq!(read_into(&[2], &mut 7, choice), Err(Fault::Newer));
        assert_eq!(read_into(&[], &mut 7, choice), Err(Fault::Damaged));
    }
}
