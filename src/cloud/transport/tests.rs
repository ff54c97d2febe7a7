//! Real sockets on loopback: what the library does with redirects, certificates and bodies is its own business, and
//! only shows there.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request as Incoming;
use axum::http::header::{AUTHORIZATION, LOCATION, USER_AGENT};
use axum::routing::any;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{HttpTransport, Limits, SendError, Transport};

const LIMITS: Limits = Limits { deadline: Duration::from_secs(20), max_body: 1000 };

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A server on one connection after another.
async fn serve_with<F: Future<Output = ()> + Send + 'static>(
    handle: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    });
    address
}

/// A server that reads a request and writes `answer`, whatever that is.
async fn serve_raw(answer: &'static [u8]) -> SocketAddr {
    serve_with(move |mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(answer).await.unwrap();
    })
    .await
}

/// Reads to the end of the request that `send` makes: closing a socket with something unread resets the connection.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n{}") && stream.read_buf(&mut request).await.is_ok_and(|count| count > 0) {}
}

async fn send(transport: &HttpTransport, url: String, limits: Limits) -> Result<Response<Bytes>, SendError> {
    let request = Request::post(url).header(AUTHORIZATION, "Bearer s3cr3t").body(Bytes::from_static(b"{}")).unwrap();
    transport.send(request, limits).await
}

async fn send_to(address: SocketAddr, path: &str) -> Result<Response<Bytes>, SendError> {
    send(&HttpTransport::new(None).unwrap(), format!("http://{address}{path}"), LIMITS).await
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_takes_no_credentials_anywhere() {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    let handler = move |request: Incoming| async move {
        seen.lock().unwrap().push(request.uri().path().to_owned());
        (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "/elsewhere")])
    };
    let answer = send_to(serve(Router::new().fallback(handler)).await, "/here").await.unwrap();
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(*requests.lock().unwrap(), ["/here"]);
}

#[tokio::test]
async fn requests_name_the_operator_and_its_version() {
    let handler = |request: Incoming| async move { request.headers()[USER_AGENT].to_str().unwrap().to_owned() };
    let answer = send_to(serve(Router::new().route("/", any(handler))).await, "/").await.unwrap();
    assert_eq!(answer.body(), concat!("clusterwright/", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn the_size_of_an_answer_is_limited_with_and_without_a_stated_length() {
    let pieces = || {
        let piece = Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 600]));
        Body::from_stream(futures::stream::iter([piece, Ok(Bytes::from(vec![b'x'; 600]))]))
    };
    let router = Router::new()
        .route("/fits", any(|| async { vec![b'x'; 1000] }))
        .route("/stated", any(|| async { vec![b'x'; 1001] }))
        .route("/streamed", any(move || async move { pieces() }));
    let address = serve(router).await;
    assert_eq!(send_to(address, "/fits").await.unwrap().body().len(), 1000);
    assert_eq!(send_to(address, "/stated").await.unwrap_err(), SendError::TooLarge { limit: 1000 });
    assert_eq!(send_to(address, "/streamed").await.unwrap_err(), SendError::TooLarge { limit: 1000 });
}

#[tokio::test]
async fn nobody_listening_is_no_connection() {
    let address = unused_address().await;
    let SendError::NotConnected(message) = send_to(address, "/").await.unwrap_err() else { panic!("it was sent") };
    let told = format!("no connection to {address}: tcp connect error: Connection refused");
    assert!(message.starts_with(&told), "{message}");
}

#[tokio::test]
async fn a_cut_connection_leaves_the_outcome_open() {
    let closed = send_to(serve_raw(b"").await, "/").await.unwrap_err();
    assert!(matches!(closed, SendError::NoAnswer(_)), "{closed:?}");
    let cut = serve_raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{").await;
    let cut = send_to(cut, "/").await.unwrap_err();
    assert!(matches!(cut, SendError::NoAnswer(_)), "{cut:?}");
}

#[tokio::test]
async fn what_speaks_no_http_is_told_apart() {
    let error = send_to(serve_raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n").await, "/").await.unwrap_err();
    assert!(matches!(error, SendError::NotHttp(_)), "{error:?}");
}

#[tokio::test]
async fn a_server_that_stays_silent_is_given_up_on() {
    let silent = serve_with(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    let limits = Limits { deadline: Duration::from_millis(50), ..LIMITS };
    let url = format!("http://{}/", silent.await);
    let error = send(&HttpTransport::new(None).unwrap(), url, limits).await.unwrap_err();
    assert_eq!(error, SendError::NoAnswer("there was no answer in time".to_owned()));
}

#[tokio::test]
async fn no_error_shows_the_credentials_or_the_url() {
    let cut = send_to(serve_raw(b"").await, "/secret-path?q").await.unwrap_err();
    let refused = send_to(unused_address().await, "/secret-path?q").await.unwrap_err();
    let shown = format!("{cut} {cut:?} {refused} {refused:?}");
    assert!(!shown.contains("s3cr3t") && !shown.contains("secret-path"), "{shown}");
}

/// An address on which somebody listened, and nobody does any more.
async fn unused_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// An authority, and a server on loopback with a certificate of it for `name`. The second value is the authority in PEM.
async fn serve_tls(name: &str) -> (SocketAddr, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let address = serve_with(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            // The client hangs up on a certificate that it does not trust.
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await.unwrap();
            stream.shutdown().await.unwrap();
        }
    })
    .await;
    (address, authority.pem())
}

/// Sends to an HTTPS server on loopback by name.
async fn send_tls(address: SocketAddr, ca_bundle: Option<&str>) -> Result<Response<Bytes>, SendError> {
    let transport = HttpTransport::new(ca_bundle.map(str::as_bytes)).unwrap();
    send(&transport, format!("https://localhost:{}/", address.port()), LIMITS).await
}

fn not_connected(outcome: Result<Response<Bytes>, SendError>) -> String {
    match outcome {
        Err(SendError::NotConnected(message)) => message,
        other => panic!("{other:?} is not a missing connection"),
    }
}

#[tokio::test]
async fn an_unknown_authority_is_refused_before_anything_is_sent_and_accepted_from_the_bundle() {
    let (address, authority) = serve_tls("localhost").await;
    let message = not_connected(send_tls(address, None).await);
    let told =
        format!("TLS with localhost:{} failed: its certificate is of an authority that is not trusted", address.port());
    assert!(message.starts_with(&told) && message.contains("caBundle"), "{message}");

    let (_, other_authority) = serve_tls("localhost").await;
    not_connected(send_tls(address, Some(&other_authority)).await);

    let bundle = format!("{other_authority}\n{authority}");
    assert_eq!(send_tls(address, Some(&bundle)).await.unwrap().body(), "hello");
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let (address, authority) = serve_tls("elsewhere.example").await;
    let message = not_connected(send_tls(address, Some(&authority)).await);
    assert!(message.ends_with("its certificate is for another host"), "{message}");
}

#[tokio::test]
async fn plain_http_on_a_port_that_should_speak_tls_is_recognisable() {
    let plain = |mut stream: TcpStream| async move {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        // The client hangs up as soon as it has seen that.
        drop(stream.read_to_end(&mut Vec::new()).await);
    };
    let address = serve_with(plain).await;
    let message = not_connected(send_tls(address, None).await);
    assert!(message.contains("TLS"), "{message}");
}

#[test]
fn a_bundle_that_holds_no_certificate_is_refused() {
    for bundle in ["", "not PEM", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"] {
        let error = HttpTransport::new(Some(bundle.as_bytes())).unwrap_err().to_string();
        assert!(error.starts_with("The CA bundle is not a list of PEM certificates"), "{error}");
    }
}
