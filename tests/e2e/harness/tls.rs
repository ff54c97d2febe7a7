//! TLS before a plain server, with a certificate that no platform trusts.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A loopback port that speaks TLS and passes on what is inside.
#[derive(Debug)]
pub(crate) struct TlsFront {
    pub(crate) address: SocketAddr,
    /// The authority's certificate, for whoever chooses to trust it.
    pub(crate) authority: String,
}

impl TlsFront {
    /// Serves before `inner`, which is a URL of this machine.
    pub(crate) async fn before(inner: &str) -> Self {
        let inner = inner.strip_prefix("http://").expect("a plain URL").to_owned();
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        let acceptor = acceptor(&authority);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        tokio::spawn(async move {
            while let Ok((outer, _)) = listener.accept().await {
                tokio::spawn(pass_on(acceptor.clone(), outer, inner.clone()));
            }
        });
        Self { address, authority: authority.pem() }
    }
}

/// Ends with either side; a client that does not trust the certificate never gets further than the handshake.
async fn pass_on(acceptor: TlsAcceptor, outer: TcpStream, inner: String) -> std::io::Result<()> {
    let mut outer = acceptor.accept(outer).await?;
    let mut inner = TcpStream::connect(inner).await?;
    copy_bidirectional(&mut outer, &mut inner).await?;
    Ok(())
}

fn acceptor(authority: &CertifiedIssuer<'_, KeyPair>) -> TlsAcceptor {
    let key = KeyPair::generate().expect("a key");
    let names = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    let certificate = names.signed_by(&key, authority).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("protocol versions").with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.der().clone()], key).expect("a certificate and its key");
    TlsAcceptor::from(Arc::new(config))
}
