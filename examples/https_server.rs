//! HTTPS: hyper over TLS by rustls, HTTP/2 or HTTP/1.1 as the client likes, with a certificate that is made
//! when the server starts. For a service that the world sees take one from an authority.
//!
//! `cargo run --features hyper --example https_server -- 127.0.0.1:7443` (that is the default address)
//! writes the certificate to `chango-https.pem`, so that
//! `curl --cacert chango-https.pem https://localhost:7443/` believes it.
//! `cargo run --features hyper --example https_server -- --demo` makes some requests to itself, and ends.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use chango::hyper::{Executor, Io};
use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;
use futures_rustls::client::TlsStream;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer};
use futures_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use futures_rustls::{TlsAcceptor, TlsConnector};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};

/// How long a client may take to agree on a key.
const PATIENCE: Duration = Duration::from_secs(10);
/// The protocols as TLS calls them, the one that is liked most first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

type AnyError = Box<dyn Error + Send + Sync>;

/// A certificate for `localhost`, signed by itself.
struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    pem: String,
}

fn new_identity() -> Result<Identity, AnyError> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let pem = made.cert.pem();
    Ok(Identity {
        certificate: made.cert.into(),
        key,
        pem,
    })
}

fn acceptor(identity: Identity) -> Result<TlsAcceptor, AnyError> {
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate], identity.key)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn hello(request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    let text = format!(
        "{} in secret over {:?}\n",
        request.uri().path(),
        request.version()
    );
    Ok(Response::new(Full::from(text)))
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor) -> Result<(), AnyError> {
    stream.set_nodelay(true)?;
    let stream = timeout(PATIENCE, acceptor.accept(stream)).await??;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(PROTOCOLS[0]);
    let (io, service) = (Io::new(stream), service_fn(hello));
    if is_http2 {
        let http = server::conn::http2::Builder::new(Executor::new());
        http.serve_connection(io, service).await?;
    } else {
        server::conn::http1::Builder::new()
            .serve_connection(io, service)
            .await?;
    }
    Ok(())
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) -> std::io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        go! { clone acceptor;
            if let Err(error) = connection(stream, acceptor).await {
                println!("{peer}: {error}");
            }
        };
    }
}

/// A connection that believes this certificate, and asks for these protocols.
async fn connect(
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    protocols: &[&[u8]],
) -> Result<TlsStream<TcpStream>, AnyError> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    let connector = TlsConnector::from(Arc::new(config));
    Ok(connector.connect("localhost".try_into()?, stream).await?)
}

async fn demo(address: SocketAddr, certificate: CertificateDer<'static>) -> Result<(), AnyError> {
    let request = |path: &str| {
        Request::get(format!("https://localhost{path}"))
            .header("host", "localhost")
            .body(Empty::<Bytes>::new())
    };
    let stream = connect(address, certificate.clone(), &PROTOCOLS[..1]).await?;
    let http = client::conn::http2::Builder::new(Executor::new());
    let (mut two, connection) = http.handshake(Io::new(stream)).await?;
    go! { connection.await };
    let response = two.send_request(request("/first")?).await?;
    print!(
        "{}",
        String::from_utf8_lossy(&response.into_body().collect().await?.to_bytes())
    );

    let stream = connect(address, certificate, &PROTOCOLS[1..]).await?;
    let (mut one, connection) = client::conn::http1::handshake(Io::new(stream)).await?;
    go! { connection.await };
    let response = one.send_request(request("/second")?).await?;
    print!(
        "{}",
        String::from_utf8_lossy(&response.into_body().collect().await?.to_bytes())
    );
    Ok(())
}

#[chango::main]
async fn main() -> Result<(), AnyError> {
    let argument = std::env::args().nth(1);
    let identity = new_identity()?;
    if argument.as_deref() != Some("--demo") {
        let listener = TcpListener::bind(argument.as_deref().unwrap_or("127.0.0.1:7443")).await?;
        std::fs::write("chango-https.pem", &identity.pem)?;
        println!(
            "serving https://localhost:{}",
            listener.local_addr()?.port()
        );
        return Ok(serve(listener, acceptor(identity)?).await?);
    }

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let certificate = identity.certificate.clone();
    go!(serve(listener, acceptor(identity)?));
    demo(address, certificate).await
}
