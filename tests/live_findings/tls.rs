//! nginx with TLS in front of a stack, and a client that speaks TLS with it.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use crate::support::http::{Kind, Message, Reader};
use crate::support::peers;
use crate::support::place::{PATIENCE, repository};
use crate::support::program::Program;

/// nginx that ends TLS at `listen` and passes everything on to `to`, its files in `folder`.
pub(crate) fn front(listen: SocketAddr, to: SocketAddr, folder: &Path) -> Program {
    let write = |name: &str, text: String| fs::write(folder.join(name), text).expect("a folder of our own");
    for (name, label, file) in
        [("certificate.pem", "CERTIFICATE", "tls_certificate.der"), ("key.pem", "PRIVATE KEY", "tls_key.der")]
    {
        let der = fs::read(repository("tests/proxy_core").join(file)).expect("a file of the repository");
        write(name, format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der)));
    }
    let configuration = include_str!("stacks/front.conf");
    write("front.conf", configuration.replace("<listen>", &listen.to_string()).replace("<to>", &to.to_string()));
    peers::proxy("nginx", listen, &folder.join("front.conf"))
}

/// Sends a request over TLS and gives its answer.
pub(crate) fn ask(address: SocketAddr, host: &str, request: &str) -> Message {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let verifier = Arc::new(AnyCertificate);
    let config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).expect("a name");
    let session = ClientConnection::new(Arc::new(config), name).expect("a session");
    let tcp = TcpStream::connect(address).expect("nginx listens");
    tcp.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut stream = StreamOwned::new(session, tcp);
    stream.write_all(request.as_bytes()).expect("nginx reads");
    Reader::new(stream).message(Kind::Response).expect("a whole response").expect("a response")
}

/// The certificate is one of ours and not what these tests are about.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
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
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
