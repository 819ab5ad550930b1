//! `examples/http_server` itself, curl, and `kill`.

use std::io::{BufRead, BufReader, Lines, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::LazyLock;

use crate::curl::run_curl;
use crate::example::example;

/// The example while it serves.
struct Server {
    process: Child,
    said: Lines<BufReader<ChildStdout>>,
    url: String,
}

impl Server {
    fn start() -> Self {
        // With all features, as all tests are built, so that nothing is built twice.
        static EXAMPLE: LazyLock<PathBuf> =
            LazyLock::new(|| example("http_server", &["--all-features"]));
        let mut process = Command::new(&*EXAMPLE)
            .arg("127.0.0.1:0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = said.next().unwrap().unwrap();
        let url = first.strip_prefix("serving ").expect("where it serves");
        Self {
            process,
            said,
            url: url.to_owned(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// What curl prints, which succeeds.
    #[track_caller]
    fn curled(&self, args: &[&str], input: &[u8]) -> String {
        let output = run_curl(args, input);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn terminate(&self) {
        let id = self.process.id().to_string();
        let killed = Command::new("kill").args(["-s", "TERM", &id]).status();
        assert!(killed.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_example_answers_request_after_request_of_curl_over_one_connection() {
    let server = Server::start();
    let paths = ["/", "/json", "/ticks", "/nowhere"].map(|path| server.url(path));
    let [text, json, ticks, nowhere] = paths.each_ref();
    let args = ["-w", "%{num_connects} %{http_code} %{content_type}\n"];
    let urls = [text.as_str(), json, ticks, nowhere];
    let said = server.curled(&[&args[..], &urls].concat(), b"");
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("hello from chango"));
    assert_eq!(lines.next(), Some("1 200 text/plain"));
    let json = lines.next().unwrap();
    assert!(
        json.starts_with("{\"goroutines\":") && json.ends_with('}'),
        "{json}"
    );
    assert_eq!(lines.next(), Some("0 200 application/json"));
    for number in 1..=10 {
        assert_eq!(lines.next(), Some(format!("tick {number}").as_str()));
    }
    assert_eq!(lines.next(), Some("0 200 text/plain"));
    assert_eq!(lines.next(), Some("there is no such page"));
    assert_eq!(lines.next(), Some("0 404 text/plain"));
    let sent = "a line of what is sent\n".repeat(50_000);
    let echo = server.url("/echo");
    // In chunks, of a length that is not told before.
    let args = ["-T", "-", "-X", "POST", &echo];
    assert!(server.curled(&args, sent.as_bytes()) == sent);
}

#[test]
fn the_example_ends_at_a_signal_when_it_has_said_what_it_was_asked() {
    let mut server = Server::start();
    let mut curl = Command::new("curl")
        .args(["--silent", "--no-buffer", "--max-time", "60"])
        .arg(server.url("/ticks"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut heard = BufReader::new(curl.stdout.take().unwrap());
    let mut line = String::new();
    // It comes while the others are still to be sent.
    heard.read_line(&mut line).unwrap();
    assert_eq!(line, "tick 1\n");
    server.terminate();
    let next = server.said.next().unwrap().unwrap();
    assert_eq!(next, "no more connections");
    let refused = run_curl(&[&server.url("/")], b"");
    assert!(!refused.status.success());
    let mut rest = String::new();
    heard.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("tick 10\n"), "{rest}");
    assert!(curl.wait().unwrap().success());
    let last = server.said.next().unwrap().unwrap();
    assert_eq!(last, "all connections have ended");
    assert!(server.process.wait().unwrap().success());
}
