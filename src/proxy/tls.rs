//! TLS to an upstream, over a socket that is tried and never waited for.
//!
//! No certificate is checked: an upstream that a configuration names is mostly mapped to another address here, where its
//! certificate cannot hold. Whoever starts hopscope is told so.

use std::io::{self, IoSlice, Read, Write};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;

use super::socket::Socket;

/// A TLS connection.
#[derive(Debug)]
pub(super) struct TlsStream {
    tcp: TcpStream,
    session: Mutex<ClientConnection>,
    /// What was decrypted did not fit into the space that was given: there is more to read than the socket shows.
    more: AtomicBool,
}

/// The socket, as the session reads and writes it.
struct Wire<'a>(&'a TcpStream);

impl Read for Wire<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(space)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TlsStream {
    /// Shakes hands, asking for `name`.
    pub(super) async fn open(tcp: TcpStream, name: &str) -> io::Result<Self> {
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} is no name for TLS")))?;
        let mut session = ClientConnection::new(config()?, name).map_err(io::Error::other)?;
        while session.is_handshaking() {
            while session.wants_write() {
                match session.write_tls(&mut Wire(&tcp)) {
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => tcp.writable().await?,
                    written => drop(written?),
                }
            }
            if session.is_handshaking() && session.wants_read() {
                tcp.readable().await?;
                receive(&mut session, &tcp)?;
            }
        }
        let stream = Self { tcp, session: Mutex::new(session), more: AtomicBool::new(false) };
        stream.flush()?;
        Ok(stream)
    }

    /// The socket below.
    pub(super) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// True if something that was taken is not yet on the wire.
    pub(super) fn has_unsent(&self) -> bool {
        self.session().wants_write()
    }

    /// Puts on the wire what fits.
    pub(super) fn flush(&self) -> io::Result<()> {
        flush(&mut self.session(), &self.tcp)
    }

    /// Says that nothing more is sent.
    pub(super) fn end(&self) -> io::Result<()> {
        self.session().send_close_notify();
        self.flush()
    }

    fn session(&self) -> MutexGuard<'_, ClientConnection> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads once from the wire; false at its end.
fn receive(session: &mut ClientConnection, tcp: &TcpStream) -> io::Result<bool> {
    let count = match session.read_tls(&mut Wire(tcp)) {
        Err(e) if e.kind() == io::ErrorKind::WouldBlock && session.is_handshaking() => return Ok(true),
        count => count?,
    };
    let processed = session.process_new_packets().map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e));
    if processed.is_err() {
        // The other side is told why; whether it hears it does not matter.
        let _ = flush(session, tcp);
    }
    processed?;
    if count == 0 && session.is_handshaking() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it hung up during the TLS handshake"));
    }
    flush(session, tcp)?;
    Ok(count > 0)
}

fn flush(session: &mut ClientConnection, tcp: &TcpStream) -> io::Result<()> {
    while session.wants_write() {
        match session.write_tls(&mut Wire(tcp)) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            written => drop(written?),
        }
    }
    Ok(())
}

impl Socket for TlsStream {
    fn try_read(&self, space: &mut [u8]) -> io::Result<usize> {
        let mut session = self.session();
        loop {
            match session.reader().read(space) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                // Many hang up without a word of TLS: how a body ends, its framing says.
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                read => {
                    self.more.store(matches!(read, Ok(count) if count == space.len()), Ordering::Relaxed);
                    return read;
                }
            }
            self.more.store(false, Ordering::Relaxed);
            receive(&mut session, &self.tcp)?;
        }
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut session = self.session();
        flush(&mut session, &self.tcp)?;
        let count = session.writer().write(bytes)?;
        flush(&mut session, &self.tcp)?;
        if count == 0 && !bytes.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(count) }
    }

    fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut session = self.session();
        flush(&mut session, &self.tcp)?;
        let count = session.writer().write_vectored(pieces)?;
        flush(&mut session, &self.tcp)?;
        let any = pieces.iter().any(|piece| !piece.is_empty());
        if count == 0 && any { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(count) }
    }

    fn drained(&self) {
        // What was decrypted has been read, and not all that is on the wire was decrypted: only a read can tell.
    }

    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.more.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        self.tcp.poll_read_ready(cx)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp.poll_write_ready(cx)
    }
}

/// One configuration for all connections: what is remembered of sessions is in it.
fn config() -> io::Result<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(Arc::clone(config));
    }
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Unchecked(provider)))
        .with_no_client_auth();
    Ok(Arc::clone(CONFIG.get_or_init(|| Arc::new(config))))
}

/// Takes every certificate; that the other side has its key is checked.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The name to ask for where a configuration names `host`: itself, without brackets.
pub(super) fn name_of(host: &str) -> &str {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if bare.parse::<IpAddr>().is_ok() { bare } else { bare.trim_end_matches('.') }
}
