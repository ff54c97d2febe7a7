//! The transport over real sockets.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Response};
use rustls::CertificateError;
use rustls::pki_types::CertificateDer;

use super::{Limits, SendError, Transport, within};

/// How long to wait for a connection, TLS included. It is shorter than every deadline, so that a host which
/// does not answer at all is told apart from a request without an answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
/// How long a connection waits in the pool: less than the usual load balancer waits before it hangs up.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const KEEPALIVE: Duration = Duration::from_secs(15);
const USER_AGENT: &str = concat!("clusterwright/", env!("CARGO_PKG_VERSION"));

/// One pooled HTTP client for every cloud and every database.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
}

/// Why no HTTP client could be built.
#[derive(Debug, thiserror::Error)]
pub enum TransportBuildError {
    #[error("The CA bundle is not a list of PEM certificates: {0}.")]
    CaBundle(String),
    #[error("No HTTPS client could be built: {0}.")]
    Client(String),
}

impl HttpTransport {
    /// Trusts the platform's certificate authorities, and those of `ca_bundle_pem` as well. Where the platform has none, as
    /// in an image of nothing but the program, Mozilla's stand in for them.
    ///
    /// Proxies are taken from the environment (`HTTPS_PROXY`, `NO_PROXY`), as curl does.
    pub fn new(ca_bundle_pem: Option<&[u8]>) -> Result<Self, TransportBuildError> {
        install_crypto_provider();
        let given = ca_bundle_pem.map(certificates).transpose()?.unwrap_or_default();
        let builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .tcp_keepalive(KEEPALIVE)
            .http2_keep_alive_interval(KEEPALIVE);
        let builder = if rustls_native_certs::load_native_certs().certs.is_empty() {
            builder.tls_certs_only(mozillas().into_iter().chain(given))
        } else {
            builder.tls_certs_merge(given)
        };
        let client = builder.build().map_err(|error| TransportBuildError::Client(causes(&error)))?;
        Ok(Self { client })
    }

    async fn exchange(&self, request: Request<Bytes>, max_body: usize) -> Result<Response<Bytes>, SendError> {
        let host = request.uri().authority().map_or_else(String::new, ToString::to_string);
        let request = reqwest::Request::try_from(request)
            .map_err(|error| SendError::NotConnected(format!("the request cannot be sent: {}", causes(&error))))?;
        let answer = self.client.execute(request).await.map_err(|error| send_error(&host, error))?;
        collect(answer, max_body, &host).await
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        within(limits.deadline, self.exchange(request, limits.max_body)).boxed()
    }
}

/// Reads a body piece by piece, so that one without a Content-Length is limited as well.
async fn collect(mut answer: reqwest::Response, limit: usize, host: &str) -> Result<Response<Bytes>, SendError> {
    let mut body = BytesMut::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| send_error(host, error))? {
        if body.len() + piece.len() > limit {
            return Err(SendError::TooLarge { limit });
        }
        body.extend_from_slice(&piece);
    }
    let mut response = Response::new(body.freeze());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

fn send_error(host: &str, error: reqwest::Error) -> SendError {
    let error = error.without_url();
    if let Some(tls) = chain(&error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        let sentence = format!("TLS with {host} failed: {}", tls_trouble(tls));
        return if error.is_connect() { SendError::NotConnected(sentence) } else { SendError::NoAnswer(sentence) };
    }
    if error.is_connect() || error.is_builder() {
        return SendError::NotConnected(format!("no connection to {host}: {}", causes(&error)));
    }
    let no_http = chain(&error).filter_map(|cause| cause.downcast_ref::<hyper::Error>()).any(hyper::Error::is_parse);
    let sentence = format!("no answer from {host}: {}", causes(&error));
    if no_http { SendError::NotHttp(sentence) } else { SendError::NoAnswer(sentence) }
}

/// The frequent troubles in words that say what to do. The library's own texts name moments, and so never stay the same.
fn tls_trouble(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(trouble) = error else { return error.to_string() };
    let words = match trouble {
        CertificateError::UnknownIssuer => {
            "its certificate is of an authority that is not trusted; caBundle can name it"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another host"
        }
        _ => return error.to_string(),
    };
    words.to_owned()
}

/// What lies behind an error. The library's own links only say that a request failed, which is known.
fn causes(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let links = chain(error).skip(1).map(ToString::to_string);
    for text in links.filter(|text| !text.starts_with("client error (")) {
        // Some links repeat the text of the next one.
        if texts.last().is_none_or(|last| !last.ends_with(&text)) {
            texts.push(text);
        }
    }
    if texts.is_empty() { error.to_string() } else { texts.join(": ") }
}

/// An error and its sources, including the one that an I/O error holds and hides from `source`.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        held.map(|held| held as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

fn certificates(pem: &[u8]) -> Result<Vec<reqwest::Certificate>, TransportBuildError> {
    let found =
        reqwest::Certificate::from_pem_bundle(pem).map_err(|error| TransportBuildError::CaBundle(causes(&error)))?;
    if found.is_empty() {
        return Err(TransportBuildError::CaBundle("it holds none".to_owned()));
    }
    Ok(found)
}

/// The certificate authorities that Mozilla trusts, as of the build.
fn mozillas() -> Vec<reqwest::Certificate> {
    // The library has made them from Mozilla's list, so that there is none that cannot be read.
    let read = |der: &CertificateDer<'_>| reqwest::Certificate::from_der(der).ok();
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(read).collect()
}

/// The library refuses to guess between providers. A second installation is refused, and changes nothing.
fn install_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        drop(rustls::crypto::ring::default_provider().install_default());
    }
}
