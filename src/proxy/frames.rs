//! Counting websocket frames in bytes that have already gone on (RFC 6455 section 5.2).
//!
//! The tunnel copies bytes; this only looks. What does not parse as frames is still passed and counted as bytes.

use crate::exchange::{Frame, Tunnel};

/// Frames kept for the screen.
const RECENT: usize = 200;
/// Payload bytes kept of one frame.
const PREVIEW: usize = 256;

/// Follows the frames of one direction.
#[derive(Debug)]
pub(super) struct FrameReader {
    from_client: bool,
    header: Vec<u8>,
    payload: Option<Payload>,
}

/// A frame whose payload is passing.
#[derive(Debug)]
struct Payload {
    left: u64,
    passed: usize,
    mask: Option<[u8; 4]>,
    frame: Frame,
    preview: Vec<u8>,
}

impl FrameReader {
    pub(super) fn new(from_client: bool) -> Self {
        Self { from_client, header: Vec::with_capacity(14), payload: None }
    }

    /// Takes note of `bytes` that passed `at` microseconds after the exchange began.
    pub(super) fn pass(&mut self, mut bytes: &[u8], at: u64, tunnel: &mut Tunnel) {
        let flow = if self.from_client { &mut tunnel.up } else { &mut tunnel.down };
        flow.bytes += bytes.len() as u64;
        while !bytes.is_empty() && !tunnel.not_frames {
            bytes = match self.payload.take() {
                Some(payload) => self.payload(payload, bytes, tunnel),
                None => self.header(bytes, at, tunnel),
            };
        }
    }

    fn header<'b>(&mut self, bytes: &'b [u8], at: u64, tunnel: &mut Tunnel) -> &'b [u8] {
        let wanted = header_length(&self.header).saturating_sub(self.header.len()).max(1);
        let (piece, rest) = bytes.split_at(wanted.min(bytes.len()));
        self.header.extend_from_slice(piece);
        if self.header.len() < header_length(&self.header) {
            return rest;
        }
        let header = std::mem::replace(&mut self.header, Vec::with_capacity(14));
        if let Some(payload) = Payload::of(&header, self.from_client, at) {
            self.payload(payload, rest, tunnel)
        } else {
            tunnel.not_frames = true;
            rest
        }
    }

    fn payload<'b>(&mut self, mut payload: Payload, bytes: &'b [u8], tunnel: &mut Tunnel) -> &'b [u8] {
        let take = usize::try_from(payload.left).unwrap_or(usize::MAX).min(bytes.len());
        let (piece, rest) = bytes.split_at(take);
        let room = PREVIEW.saturating_sub(payload.preview.len());
        let unmasked = piece.iter().take(room).enumerate().map(|(i, byte)| match payload.mask {
            Some(mask) => byte ^ mask.get((payload.passed + i) % 4).copied().unwrap_or_default(),
            None => *byte,
        });
        payload.preview.extend(unmasked);
        payload.passed += take;
        payload.left -= take as u64;
        if payload.left > 0 {
            self.payload = Some(payload);
        } else {
            let flow = if self.from_client { &mut tunnel.up } else { &mut tunnel.down };
            flow.frames += 1;
            flow.messages += u64::from(matches!(payload.frame.opcode, 1 | 2));
            if tunnel.recent.len() == RECENT {
                tunnel.recent.remove(0);
                tunnel.forgotten += 1;
            }
            tunnel.recent.push(Frame { preview: payload.preview.into(), ..payload.frame });
        }
        rest
    }
}

/// How long a frame header is, as far as its first two bytes tell.
fn header_length(header: &[u8]) -> usize {
    let Some(second) = header.get(1) else { return 2 };
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    2 + length + if second & 0x80 != 0 { 4 } else { 0 }
}

impl Payload {
    /// Reads a whole frame header; `None` if it is none: reserved opcode, masked the wrong way round, or a control frame
    /// that is long or a fragment (RFC 6455 section 5.5).
    fn of(header: &[u8], from_client: bool, at: u64) -> Option<Self> {
        let (first, second) = (*header.first()?, *header.get(1)?);
        let (fin, masked, opcode) = (first & 0x80 != 0, second & 0x80 != 0, first & 0x0f);
        let crooked_control = opcode >= 8 && (!fin || second & 0x7f > 125);
        if masked != from_client || crooked_control || !matches!(opcode, 0..=2 | 8..=10) {
            return None;
        }
        let extended = header_length(header) - 2 - if masked { 4 } else { 0 };
        let length = match extended {
            0 => u64::from(second & 0x7f),
            count => header.get(2..2 + count)?.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte)),
        };
        let mask = if masked { header.get(2 + extended..)?.try_into().ok() } else { None };
        let frame = Frame { at, from_client, fin, opcode, length, preview: Box::default() };
        Some(Self { left: length, passed: 0, mask, frame, preview: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_are_counted_in_pieces_of_any_size() {
        // A masked text "Hello" (RFC 6455 section 5.7), a ping, and a close.
        let wire = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x89\x80\0\0\0\0\x88\x82\0\0\0\0\x03\xe8";
        for step in 1..=wire.len() {
            let (mut reader, mut tunnel) = (FrameReader::new(true), Tunnel::default());
            for piece in wire.chunks(step) {
                reader.pass(piece, 5, &mut tunnel);
            }
            assert_eq!((tunnel.up.bytes, tunnel.up.frames, tunnel.up.messages), (wire.len() as u64, 3, 1), "{step}");
            assert_eq!(&*tunnel.recent[0].preview, b"Hello");
            assert_eq!(tunnel.recent.iter().map(|frame| frame.opcode).collect::<Vec<_>>(), [1, 9, 8]);
            assert!(!tunnel.not_frames);
        }
    }

    /// Fragments are frames of one message; a compressed message (RFC 7692) has its first reserved bit set.
    #[test]
    fn what_counts_as_a_message() {
        for (wire, frames, messages, is_frames) in [
            (&b"\x01\x02ab\x89\x00\x00\x01c\x80\x01d"[..], 4, 1, true),
            (b"\xc1\x02\x2a\x00", 1, 1, true),
            (b"\x82\x00\x82\x7e\x00\x03abc\x82\x7f\0\0\0\0\0\0\0\x01x", 3, 3, true),
            (b"\x81\x01a\x83\x01b\x81\x01c", 1, 1, false),
            (b"\x81\x81\0\0\0\0a", 0, 0, false),
            (b"hello", 0, 0, false),
        ] {
            for step in 1..=wire.len() {
                let (mut reader, mut tunnel) = (FrameReader::new(false), Tunnel::default());
                wire.chunks(step).for_each(|piece| reader.pass(piece, 0, &mut tunnel));
                let Tunnel { down, not_frames, .. } = tunnel;
                let seen = (down.frames, down.messages, !not_frames, down.bytes);
                assert_eq!(seen, (frames, messages, is_frames, wire.len() as u64), "{} {step}", wire.escape_ascii());
            }
        }
    }

    #[test]
    fn a_long_frame_keeps_its_length_and_a_preview() {
        let mut wire = vec![0x82, 126, 0x10, 0x00];
        wire.extend(std::iter::repeat_n(7, 0x1000));
        let (mut reader, mut tunnel) = (FrameReader::new(false), Tunnel::default());
        reader.pass(&wire, 0, &mut tunnel);
        assert_eq!((tunnel.recent[0].length, tunnel.recent[0].preview.len()), (0x1000, PREVIEW));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), client in any::<bool>()) {
            let mut tunnel = Tunnel::default();
            FrameReader::new(client).pass(&bytes, 0, &mut tunnel);
            prop_assert_eq!(tunnel.up.bytes + tunnel.down.bytes, bytes.len() as u64);
        }
    }
}
