//! A response's payload on its way to the client, where it does not go on as it came: without its chunks, in chunks of our
//! own, unpacked.

use std::io::Write as _;

use flate2::write::MultiGzDecoder;

/// How a payload goes on.
#[derive(Debug)]
pub(super) struct Payload {
    form: Form,
    packed: Option<Box<MultiGzDecoder<Vec<u8>>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    AsItCame,
    Plain,
    Chunks,
}

impl Payload {
    /// The bytes go on with their framing, past this.
    pub(super) const fn as_it_came() -> Self {
        Self { form: Form::AsItCame, packed: None }
    }

    /// The payload alone.
    pub(super) const fn plain() -> Self {
        Self { form: Form::Plain, packed: None }
    }

    /// In chunks.
    pub(super) const fn chunks() -> Self {
        Self { form: Form::Chunks, packed: None }
    }

    /// It came compressed with gzip and goes on as it was before that.
    pub(super) fn unpack(&mut self) {
        self.packed = Some(Box::new(MultiGzDecoder::new(Vec::new())));
    }

    pub(super) fn is_as_it_came(&self) -> bool {
        self.form == Form::AsItCame
    }

    pub(super) fn is_plain(&self) -> bool {
        self.form == Form::Plain
    }

    /// Writes a piece to `out`, if that is for it to do, and shows it to `see`.
    ///
    /// # Errors
    /// What is wrong with a compressed body.
    pub(super) fn pass(
        &mut self,
        piece: &[u8],
        out: &mut Vec<u8>,
        mut see: impl FnMut(&[u8]),
    ) -> Result<(), &'static str> {
        let Some(packed) = &mut self.packed else {
            see(piece);
            self.write(piece, out);
            return Ok(());
        };
        packed.write_all(piece).map_err(|_| NOT_GZIP)?;
        let plain = std::mem::take(packed.get_mut());
        see(&plain);
        self.write(&plain, out);
        Ok(())
    }

    /// Writes what ends it.
    ///
    /// # Errors
    /// As [`Payload::pass`].
    pub(super) fn finish(&mut self, out: &mut Vec<u8>, mut see: impl FnMut(&[u8])) -> Result<(), &'static str> {
        if let Some(packed) = self.packed.take() {
            let plain = packed.finish().map_err(|_| NOT_GZIP)?;
            see(&plain);
            self.write(&plain, out);
        }
        if self.form == Form::Chunks {
            out.extend_from_slice(b"0\r\n\r\n");
        }
        Ok(())
    }

    fn write(&self, piece: &[u8], out: &mut Vec<u8>) {
        match self.form {
            Form::Plain => out.extend_from_slice(piece),
            Form::Chunks if !piece.is_empty() => {
                // Writing into a Vec cannot fail.
                let _ = write!(out, "{:x}\r\n", piece.len());
                out.extend_from_slice(piece);
                out.extend_from_slice(b"\r\n");
            }
            Form::AsItCame | Form::Chunks => {}
        }
    }
}

/// What is said of a body that does not unpack.
const NOT_GZIP: &str = "its body is no gzip, though it says so";

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// What goes out, and what is seen, in pieces of this size.
    fn passed(mut payload: Payload, bytes: &[u8], step: usize) -> (Result<(), &'static str>, Vec<u8>, Vec<u8>) {
        let (mut out, mut seen) = (Vec::new(), Vec::new());
        let mut outcome = Ok(());
        for piece in bytes.chunks(step) {
            outcome = outcome.and(payload.pass(piece, &mut out, |piece| seen.extend_from_slice(piece)));
        }
        let outcome = outcome.and_then(|()| payload.finish(&mut out, |piece| seen.extend_from_slice(piece)));
        (outcome, out, seen)
    }

    #[test]
    fn a_packed_body_is_unpacked_in_pieces_of_any_size() {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(b"hello hello hello").unwrap();
        let packed = packer.finish().unwrap();
        for step in 1..=packed.len() {
            let mut payload = Payload::plain();
            payload.unpack();
            let (outcome, out, seen) = passed(payload, &packed, step);
            assert_eq!((outcome, &out[..], &seen[..]), (Ok(()), &b"hello hello hello"[..], &out[..]), "{step}");
        }
        let mut payload = Payload::chunks();
        payload.unpack();
        assert_eq!(passed(payload, b"no gzip at all", 4).0, Err(NOT_GZIP));
    }

    #[test]
    fn chunks_are_written_and_ended() {
        let (outcome, out, seen) = passed(Payload::chunks(), b"abcdefghijkl", 11);
        assert_eq!(
            (outcome, &out[..], &seen[..]),
            (Ok(()), &b"b\r\nabcdefghijk\r\n1\r\nl\r\n0\r\n\r\n"[..], &b"abcdefghijkl"[..])
        );
        let (_, out, seen) = passed(Payload::as_it_came(), b"abc", 3);
        assert_eq!((out.len(), &seen[..]), (0, &b"abc"[..]), "it goes on past this");
    }
}
