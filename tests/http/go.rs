//! Go's net/http on the other side, where there is a Go toolchain of 1.24 or later.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::site::{BOTH, Client, Version, all, pattern, post, serve, site, text};
use crate::workers::on_workers;

/// The program, built once; none without Go.
fn peer() -> Option<&'static PathBuf> {
    static PEER: OnceLock<Option<PathBuf>> = OnceLock::new();
    PEER.get_or_init(build).as_ref()
}

fn build() -> Option<PathBuf> {
    let go = std::env::var_os("CHANGO_GO").unwrap_or_else(|| OsString::from("go"));
    let Ok(version) = Command::new(&go).arg("version").output() else {
        eprintln!("there is no Go here, so its net/http is left out; CHANGO_GO names one");
        return None;
    };
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let minor = version.split("go1.").nth(1).and_then(|rest| {
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse::<u32>().ok()
    });
    // Before it there is no HTTP/2 without TLS in its library.
    if minor.is_none_or(|minor| minor < 24) {
        eprintln!("Go's net/http is left out: Go 1.24 is needed, and this is {version}");
        return None;
    }
    let program = std::env::temp_dir().join(format!("chango-http-peer-{}", std::process::id()));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/go/peer.go");
    let build = Command::new(&go)
        .arg("build")
        .arg("-o")
        .arg(&program)
        .arg(source)
        .output();
    let build = build.unwrap();
    assert!(
        build.status.success(),
        "{}",
        String::from_utf8_lossy(&build.stderr)
    );
    Some(program)
}

fn number(version: Version) -> &'static str {
    match version {
        Version::One => "1",
        Version::Two => "2",
    }
}

#[test]
fn gos_client_asks_our_server() {
    let Some(peer) = peer() else { return };
    on_workers(|| async move {
        for version in BOTH {
            let address = serve(version, site).await.to_string();
            let args = ["client", number(version), &address];
            let output = Command::new(peer).args(args).output().unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                "good\n",
                "{errors}"
            );
        }
    });
}

#[test]
fn our_client_asks_gos_server() {
    let Some(peer) = peer() else { return };
    on_workers(|| async move {
        for version in BOTH {
            let mut server = Command::new(peer)
                .args(["server", number(version)])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut address = String::new();
            let mut lines = BufReader::new(server.stdout.take().unwrap());
            lines.read_line(&mut address).unwrap();
            let address = address.trim().parse().unwrap();
            let mut client = Client::connect(version, address).await;
            for round in 0..10 {
                let hello = client.get("/hello").await.unwrap();
                let expected = format!("hello over HTTP/{}", number(version));
                assert_eq!(String::from_utf8(hello).unwrap(), expected);
                let sent = pattern(round * 100_000);
                let response = client
                    .send(post("/echo", text(sent.clone())))
                    .await
                    .unwrap();
                assert!(
                    all(response.into_body()).await.unwrap() == sent,
                    "{version:?}"
                );
            }
            drop(server.stdin.take());
            assert!(server.wait().unwrap().success());
        }
    });
}
