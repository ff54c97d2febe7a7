//! The image that `make tried-image` has made, and the program in it, alone in a root file system.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "clippy knows test functions, not the helpers that they share"
)]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::thread;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};
use serde_json::{Value, json};

/// The archive, unpacked.
struct Image {
    /// The manifest's own parts.
    config: Value,
    /// What a container's root would be.
    root: PathBuf,
}

fn tar(arguments: &[&str], archive: &Path, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let done = Command::new("tar").args(arguments).arg("--file").arg(archive).arg("--directory").arg(folder).status();
    assert!(done.unwrap().success());
}

impl Image {
    fn unpack(name: &str) -> Self {
        let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/image/tried.tar");
        assert!(archive.exists(), "{} is missing: run `make tried-image`", archive.display());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("image-{name}"));
        fs::remove_dir_all(&folder).ok();
        let (layout, root) = (folder.join("layout"), folder.join("root"));
        tar(&["--extract"], &archive, &layout);
        let blob = |digest: &Value| layout.join("blobs").join(digest.as_str().unwrap().replace(':', "/"));
        let read = |path: PathBuf| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
        let index = read(layout.join("index.json"));
        let manifest = read(blob(&index["manifests"][0]["digest"]));
        for layer in manifest["layers"].as_array().unwrap() {
            tar(&["--extract", "--gzip"], &blob(&layer["digest"]), &root);
        }
        Self { config: read(blob(&manifest["config"]["digest"])), root }
    }

    /// Gives the container what a kubelet gives every one.
    fn furnish(&self, hosts: &str, resolv_conf: &str) {
        let etc = self.root.join("etc");
        fs::create_dir_all(&etc).unwrap();
        fs::write(etc.join("hosts"), hosts).unwrap();
        fs::write(etc.join("resolv.conf"), resolv_conf).unwrap();
    }

    /// Runs the program in its root, as the user of the image where that is permitted.
    fn run(&self, arguments: &[&str]) -> Output {
        let root = self.root.to_str().unwrap();
        let user = Command::new("id").arg("--user").output().unwrap().stdout;
        let mut command = if user == b"0\n" {
            let mut chroot = Command::new("chroot");
            chroot.args(["--userspec=65532:65532", root]);
            chroot
        } else {
            let mut unshare = Command::new("unshare");
            unshare.args(["--map-root-user", "--root", root]);
            unshare
        };
        command
            .arg("/clusterwright")
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .output()
            .unwrap()
    }

    /// What the program says to a look at this URL; nothing where the look succeeds.
    fn probe(&self, url: &str) -> String {
        let output = self.run(&["probe", url, "--within", "5"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), said.is_empty(), "{said}");
        said
    }
}

/// Answers every request on a loopback port.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 1024];
            if stream.read(&mut request).is_ok_and(|read| read > 0) {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").ok();
            }
        }
    });
    port
}

/// Tells every name's address, 127.0.0.1, at port 53 of a loopback address of its own.
fn serve_names() -> Option<&'static str> {
    const ADDRESS: &str = "127.53.0.1";
    let socket = UdpSocket::bind((ADDRESS, 53)).ok()?;
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, asker)) = socket.recv_from(&mut query) {
            // The question ends with the root label, a type and a class; what else is there is not repeated.
            let end = 12 + query[12..length].iter().position(|byte| *byte == 0).unwrap() + 5;
            let is_ipv4 = query[end - 4..end - 2] == [0, 1];
            let mut answer = query[..end].to_vec();
            answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(is_ipv4), 0, 0, 0, 0]);
            if is_ipv4 {
                answer.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]);
            }
            socket.send_to(&answer, asker).ok();
        }
    });
    Some(ADDRESS)
}

/// Speaks TLS on a loopback port, with a certificate that nobody has signed.
fn serve_tls() -> u16 {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            // The other side hangs up when it has seen the certificate.
            connection.complete_io(&mut stream.unwrap()).ok();
        }
    });
    port
}

#[test]
fn the_image_holds_one_static_program_and_says_what_it_is() {
    let image = Image::unpack("contents");
    let entries = fs::read_dir(&image.root).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(entries.collect::<Vec<_>>(), ["clusterwright"]);
    let config = &image.config["config"];
    assert_eq!((&config["User"], &config["Entrypoint"]), (&json!("65532:65532"), &json!(["/clusterwright"])));
    let label = |name: &str| config["Labels"][format!("org.opencontainers.image.{name}")].as_str().unwrap();
    assert_eq!((label("licenses"), label("version")), ("Apache-2.0", env!("CARGO_PKG_VERSION")));
    assert!(matches!(label("revision"), "unknown") || label("revision").len() == 40, "{}", label("revision"));
    let version = image.run(&["--version"]);
    assert_eq!(String::from_utf8(version.stdout).unwrap(), concat!("clusterwright ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn names_resolve_by_the_hosts_file() {
    let image = Image::unpack("hosts");
    let port = serve();
    let silence = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n";
    image.furnish("127.0.0.1 localhost\n127.0.0.1 cloud.test\n", silence);
    for name in ["localhost", "cloud.test"] {
        assert_eq!(image.probe(&format!("http://{name}:{port}/")), "");
    }
    let unknown = image.probe(&format!("http://other.test:{port}/"));
    assert!(unknown.contains("no connection to other.test"), "{unknown}");
}

#[test]
fn names_resolve_by_dns() {
    let image = Image::unpack("dns");
    let port = serve();
    let Some(nameserver) = serve_names() else {
        eprintln!("not tried: only root can play a name server, at port 53");
        return;
    };
    image.furnish("", &format!("search svc.test\nnameserver {nameserver}\noptions ndots:5\n"));
    for name in ["cloud.test", "kubernetes.default.svc", "a-longer-name.of.some.cloud.test"] {
        assert_eq!(image.probe(&format!("http://{name}:{port}/")), "");
    }
}

/// Without any authority no connection could be tried at all; here one is, and its certificate is judged.
#[test]
fn certificate_authorities_are_compiled_in() {
    let image = Image::unpack("authorities");
    image.furnish("127.0.0.1 localhost\n", "");
    let said = image.probe(&format!("https://localhost:{}/", serve_tls()));
    assert!(said.contains("its certificate is of an authority that is not trusted"), "{said}");
}
