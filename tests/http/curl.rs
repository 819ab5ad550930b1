//! Our server and curl.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::sync::Once;

use chango::prelude::*;

use crate::site::{BOTH, Version, pattern, serve, site};
use crate::workers::on_workers;

fn check() {
    static CHECKED: Once = Once::new();
    CHECKED.call_once(|| {
        let version = Command::new("curl").arg("--version").output();
        let version = version.unwrap_or_else(|error| {
            panic!(
                "these tests need curl, and it cannot be started: {error}; `.ci/needs` installs it"
            )
        });
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        assert!(
            version.split_whitespace().any(|feature| feature == "HTTP2"),
            "these tests need a curl that knows HTTP/2; this one is {version}"
        );
    });
}

/// Calls curl and gives it this input. It blocks, which a goroutine may.
pub(crate) fn run_curl(args: &[&str], input: &[u8]) -> Output {
    check();
    let mut curl = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "60"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = curl.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // It may end before it has read all.
        scope.spawn(move || stdin.write_all(input));
        curl.wait_with_output().unwrap()
    })
}

/// What curl prints. It succeeds.
#[track_caller]
fn curled(version: Version, args: &[&str], input: &[u8]) -> Vec<u8> {
    let with_version = match version {
        Version::One => "--http1.1",
        Version::Two => "--http2-prior-knowledge",
    };
    let output = run_curl(&[&[with_version], args].concat(), input);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{version:?} {args:?}: {errors}");
    output.stdout
}

#[test]
fn curl_is_served_in_the_version_that_it_asks_for() {
    on_workers(|| async {
        for (version, called) in [(Version::One, "1.1"), (Version::Two, "2")] {
            let address = serve(version, site).await;
            let ask = |path: &str| {
                let url = format!("http://{address}{path}");
                let said = curled(version, &["-w", " %{http_version} %{http_code}", &url], b"");
                String::from_utf8(said).unwrap()
            };
            assert_eq!(ask("/hello"), format!("hello {called} 200"));
            assert_eq!(
                ask("/nowhere"),
                format!("there is no such page {called} 404")
            );
            assert_eq!(
                ask("/count/3"),
                format!("line 1\nline 2\nline 3\n {called} 200")
            );
        }
    });
}

// Of HTTP/2 without TLS the curl of Debian 12 cannot use a connection twice (curl's issue 10634), so it is
// given one request at a time. Go's client and ours have many on one connection.
#[test]
fn all_requests_of_curl_go_over_one_connection() {
    on_workers(|| async {
        let address = serve(Version::One, site).await;
        let urls = format!("http://{address}/count/[0-49]");
        let args = [
            "-o",
            "/dev/null",
            "-w",
            "%{num_connects} %{size_download}\n",
            &urls,
        ];
        let said = String::from_utf8(curled(Version::One, &args, b"")).unwrap();
        let size = |lines| {
            (1..=lines)
                .map(|line| format!("line {line}\n").len())
                .sum::<usize>()
        };
        let expected: String = (0..50)
            .map(|lines| format!("{} {}\n", usize::from(lines == 0), size(lines)))
            .collect();
        assert_eq!(said, expected);
    });
}

#[test]
fn curl_gets_back_the_large_body_that_it_sends() {
    on_workers(|| async {
        for version in BOTH {
            let address = serve(version, site).await;
            let url = format!("http://{address}/echo");
            let sent = pattern(5 << 20);
            let args = ["--data-binary", "@-", "-H", "Expect:", &url];
            let got = curled(version, &args, &sent);
            assert!(got == sent, "{version:?}: {} bytes came back", got.len());
            // In chunks, of a length that is not told before.
            let args = ["-T", "-", "-X", "POST", &url];
            let got = curled(version, &args, &sent);
            assert!(got == sent, "{version:?}: {} bytes came back", got.len());
        }
    });
}

#[test]
fn many_requests_of_curl_are_answered_at_once() {
    on_workers(|| async {
        const MANY: usize = 30;
        // None is answered before all are there.
        let all = WaitGroup::new();
        all.add(MANY);
        let address = serve(Version::One, move |request| {
            let all = all.clone();
            async move {
                all.done();
                all.wait().await;
                site(request).await
            }
        })
        .await;
        let urls = format!("http://{address}/hello?[1-{MANY}]");
        let args = [
            "--parallel",
            "--parallel-immediate",
            "--parallel-max",
            "30",
            &urls,
        ];
        let said = String::from_utf8(curled(Version::One, &args, b"")).unwrap();
        assert_eq!(said, "hello".repeat(MANY));
    });
}

#[cfg(unix)]
#[test]
fn a_unix_socket_serves_as_well() {
    use chango::hyper::Io;
    use chango::net::UnixListener;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;

    on_workers(|| async {
        let name = format!("chango-http-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        go! {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let http = http1::Builder::new();
                go! { http.serve_connection(Io::new(stream), service_fn(site)).await };
            }
        };
        let args = [
            "--unix-socket",
            path.to_str().unwrap(),
            "http://site/echo",
            "-d",
            "by a file",
        ];
        assert_eq!(curled(Version::One, &args, b""), b"by a file");
        std::fs::remove_file(&path).unwrap();
    });
}
