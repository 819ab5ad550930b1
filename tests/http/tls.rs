//! HTTP over TLS: hyper over rustls over chango, and curl.

use std::path::PathBuf;
use std::sync::Arc;

use chango::hyper::{Executor, Io};
use chango::net::TcpListener;
use chango::prelude::*;
use futures_rustls::TlsAcceptor;
use futures_rustls::pki_types::PrivateKeyDer;
use futures_rustls::rustls::ServerConfig;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;

use crate::curl::run_curl;
use crate::site::{pattern, site};
use crate::workers::on_workers;

/// A server that knows both versions, and a file with its certificate.
async fn serve() -> (String, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let file = format!("chango-https-{}-{port}.pem", std::process::id());
    let file = std::env::temp_dir().join(file);
    std::fs::write(&file, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.into()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    go! {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            go! { clone acceptor;
                let stream = acceptor.accept(stream).await.unwrap();
                let is_two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let (io, service) = (Io::new(stream), service_fn(site));
                if is_two {
                    let http = http2::Builder::new(Executor::new());
                    http.serve_connection(io, service).await
                } else {
                    http1::Builder::new().serve_connection(io, service).await
                }
            };
        }
    };
    (format!("https://localhost:{port}"), file)
}

#[test]
fn curl_is_served_over_tls_in_the_version_that_it_asks_for() {
    on_workers(|| async {
        let (site, file) = serve().await;
        let curled = |version: &str, args: &[&str], input: &[u8]| {
            let common = ["--cacert", file.to_str().unwrap(), version];
            let output = run_curl(&[&common[..], args].concat(), input);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{version} {args:?}: {errors}");
            output.stdout
        };
        for (version, called) in [("--http1.1", "1.1"), ("--http2", "2")] {
            let urls = format!("{site}/count/[0-9]");
            let args = [
                "-o",
                "/dev/null",
                "-w",
                "%{http_version} %{num_connects}\n",
                &urls,
            ];
            let said = String::from_utf8(curled(version, &args, b"")).unwrap();
            let expected: String = (0..10)
                .map(|number| format!("{called} {}\n", usize::from(number == 0)))
                .collect();
            assert_eq!(said, expected);
            let sent = pattern(1 << 20);
            let url = format!("{site}/echo");
            let args = ["--data-binary", "@-", "-H", "Expect:", &url];
            let got = curled(version, &args, &sent);
            assert!(got == sent, "{version}: {} bytes came back", got.len());
        }
        std::fs::remove_file(file).unwrap();
    });
}
