//! What an editor shows inside the macros: rust-analyzer is driven as an editor drives it.
//!
//! Each case is a body with the cursor in it, half typed as it is at that moment. It needs a
//! rust-analyzer: the one that `RUST_ANALYZER` names, or the one on the path. Without one the
//! test says so and is skipped. What is known of std's types needs std's sources: rust-analyzer
//! finds those of the toolchain by itself (`rustup component add rust-src`), and others where
//! `RUST_SYSROOT_SRC` says (the folder that holds `core` and `std`). Without them, cases about
//! std's types are left out, and that is said too.
#![allow(missing_docs)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long everything may take, with the build of the macros. Only a hang is as long.
const DEADLINE: Duration = Duration::from_secs(600);

/// Where the cursor is in a case.
const CURSOR: char = '^';

/// What must be offered behind a sender's dot, and behind a receiver's.
const SENDER: &[&str] = &["send", "try_send", "close", "is_closed"];
const RECEIVER: &[&str] = &["recv", "try_recv", "close", "is_closed"];

/// A body, and what must be among the completions at the cursor.
const COMPLETIONS: &[(&str, &[&str])] = &[
    // In each macro, alone and before a line that is there already.
    ("go! { tx.^ };", SENDER),
    ("go! { tx.^\n let sent = tx <- 1; };", SENDER),
    ("go! { tx.^\n for v in <-rx { } };", SENDER),
    ("go! { clone other = tx.^; };", SENDER),
    ("go!(f(tx.^));", SENDER),
    ("go!(tx.^);", SENDER),
    ("co! { tx.^ }", SENDER),
    ("co! { rx.^\n return; }", RECEIVER),
    ("run! { tx.^ };", SENDER),
    ("run! { let (a, b) = bounded::<u8>(1); b.^ };", RECEIVER),
    ("go! { run! { co! { rx.^ } } };", RECEIVER),
    // Beside an arrow.
    ("co! { <-rx.^ }", RECEIVER),
    ("co! { let v = <-rx.^\n let x = 1; }", RECEIVER),
    ("co! { for v in <-rx.^ { } }", RECEIVER),
    ("co! { for v in <-rx { tx.^ } }", SENDER),
    ("co! { tx.^ <- 1; }", SENDER),
    ("co! { tx <- rx.^ }", RECEIVER),
    ("co! { (tx <- rx.^)?; }", RECEIVER),
    ("co! { if rx.^ { tx <- 1; } }", RECEIVER),
    ("co! { println!(\"{:?}\", rx.^, <-rx) }", RECEIVER),
    ("co! { tx.se^ }", SENDER),
    ("co! { <-r^ }", &["rx"]),
    // The head of an arm: operation, value, guard.
    ("select! { v = <-rx.^ }", RECEIVER),
    ("select! { v = <-rx.^ => {} }", RECEIVER),
    ("select! { Some(v) = <-rx.^, _ = <-rx => {} }", RECEIVER),
    ("select! { tx.^ <- 1 => {} }", SENDER),
    ("select! { rx.^ }", RECEIVER),
    ("select! { v = rx.^ => {} }", RECEIVER),
    ("select! { tx <- rx.^ => {} }", RECEIVER),
    ("select! { sent = tx <- rx.^ }", RECEIVER),
    ("select! { tx <- mut rx.^ => {} }", RECEIVER),
    ("select! { v = <-rx, if tx.^ => {} }", SENDER),
    ("select! { v = <-rx, if tx.^ }", SENDER),
    ("select! { v = <-r^ }", &["rx"]),
    // The body of one.
    ("select! { v = <-rx => tx.^ }", SENDER),
    ("select! { v = <-rx => { tx.^ } }", SENDER),
    ("select! { v = <-rx => tx.^, _ = <-rx => {} }", SENDER),
    ("select! { v = <-rx => { <-rx.^ } default => {} }", RECEIVER),
    ("select! { v = <-rx => {} default => tx.^ }", SENDER),
    ("go! { select! { v = <-rx.^ => {} } };", RECEIVER),
    ("run! { select! { tx <- 1 => { rx.^ } } };", RECEIVER),
];

/// The same, where the names are those of std.
const COMPLETIONS_OF_STD: &[(&str, &[&str])] = &[
    ("co! { let v = <-rx; v.^ }", &["is_some", "unwrap_or"]),
    ("co! { for v in <-rx { v.^ } }", &["count_ones", "abs"]),
    (
        "co! { let sent = tx <- 1; sent.^ }",
        &["is_ok", "unwrap_err"],
    ),
    ("go! { (<-rx).^ };", &["is_some", "unwrap_or"]),
    ("select! { v = <-rx => v.^ }", &["is_some", "unwrap_or"]),
    (
        "select! { Some(v) = <-rx => { v.^ } }",
        &["count_ones", "abs"],
    ),
    (
        "select! { sent = tx <- 1 => sent.^ }",
        &["is_ok", "unwrap_err"],
    ),
];

/// A body, and what hovering at the cursor must begin with.
const HOVERS: &[(&str, &str)] = &[
    ("go! { t^x <- 1; };", "tx: Sender<i32>"),
    ("co! { t^x <- 1; }", "tx: Sender<i32>"),
    ("run! { t^x <- 1; };", "tx: Sender<i32>"),
    ("go! { let v = <-r^x; };", "rx: Receiver<i32>"),
    ("co! { for v in <-r^x { } }", "rx: Receiver<i32>"),
    ("co! { for v^ in <-rx { } }", "let v: i32"),
    ("select! { v = <-r^x => {} }", "rx: Receiver<i32>"),
    ("select! { t^x <- 1 => {} }", "tx: Sender<i32>"),
    ("select! { v = <-rx => { t^x <- 1; } }", "tx: Sender<i32>"),
    ("select! { Some(v^) = <-rx => {} }", "let v: i32"),
    ("select! { Some(v) = <-rx => { v^; } }", "let v: i32"),
];

/// The same, where the types are those of std.
const HOVERS_OF_STD: &[(&str, &str)] = &[
    ("go! { let v^ = <-rx; };", "let v: Option<i32>"),
    ("co! { let v^ = <-rx; }", "let v: Option<i32>"),
    ("run! { let v^ = <-rx; };", "let v: Option<i32>"),
    (
        "co! { let s^ent = tx <- 1; }",
        "let sent: Result<(), SendError<i32>>",
    ),
    ("select! { v^ = <-rx => {} }", "let v: Option<i32>"),
    ("select! { v = <-rx => { v^; } }", "let v: Option<i32>"),
    (
        "select! { s^ent = tx <- 1 => {} }",
        "let sent: Result<(), SendError<i32>>",
    ),
];

/// A body, and the line of the program in which the name at the cursor is defined.
const DEFINITIONS: &[(&str, &str)] = &[
    ("co! { t^x <- 1; }", "async fn body("),
    ("co! { for v in <-r^x { drop(v); } }", "async fn body("),
    ("go!(t^x.close());", "async fn body("),
    ("go! { drop(t^x); };", "async fn body("),
    ("select! { v = <-r^x => drop(v) }", "async fn body("),
    ("select! { t^x <- 1 => {} }", "async fn body("),
    (
        "select! { biased; t^x <- 1 => {} default => {} }",
        "async fn body(",
    ),
    ("go! {\n let v = <-rx; v^; };", " let v = <-rx; v; };"),
    (
        "select! { v = <-rx =>\n { v^; } }",
        " select! { v = <-rx =>",
    ),
];

#[test]
fn editor_sees_through_the_macros() {
    let Some(program) = rust_analyzer() else {
        return;
    };
    let project = Project::create();
    let mut editor = Editor::start(&program, &project.root);
    let mut wrong = Vec::new();
    let std = editor
        .completes("let v = Some(1); v.^")
        .iter()
        .any(|name| name == "is_some");
    if !std {
        eprintln!("without the sources of std: what has its types is left out");
    }
    let of_std = |cases: &'static [_]| if std { cases } else { &[] };
    for (body, names) in COMPLETIONS.iter().chain(of_std(COMPLETIONS_OF_STD)) {
        let offered = editor.completes(body);
        let missing = names
            .iter()
            .filter(|name| !offered.iter().any(|other| other == **name));
        let missing: Vec<_> = missing.collect();
        if !missing.is_empty() {
            wrong.push(format!(
                "`{body}` offers {} names without {missing:?}",
                offered.len()
            ));
        }
    }
    for (body, expected) in HOVERS.iter().chain(if std { HOVERS_OF_STD } else { &[] }) {
        let shown = editor.hovers(body);
        if !shown.starts_with(expected) || shown.contains("__private") {
            wrong.push(format!(
                "`{body}` shows {shown:?}, and not only {expected:?}"
            ));
        }
    }
    for (body, expected) in DEFINITIONS {
        let line = editor.defined(body);
        if !line.starts_with(expected) {
            wrong.push(format!(
                "`{body}` leads to {line:?}, and not to {expected:?}"
            ));
        }
    }
    eprintln!("{} places", editor.version);
    assert!(
        wrong.is_empty(),
        "{} places are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The program to drive, if there is one that starts.
fn rust_analyzer() -> Option<PathBuf> {
    let program = std::env::var_os("RUST_ANALYZER").unwrap_or_else(|| "rust-analyzer".into());
    let version = Command::new(&program).arg("--version").output();
    match version {
        Ok(output) if output.status.success() => Some(program.into()),
        // rustup puts a proxy on the path that fails where its component is not installed.
        Ok(_) => {
            eprintln!("skipped: {program:?} is there and does not start");
            None
        }
        Err(error) => {
            eprintln!("skipped: no rust-analyzer is installed ({program:?}: {error})");
            None
        }
    }
}

/// A crate that depends on this checkout's chango.
struct Project {
    root: PathBuf,
}

impl Project {
    /// Always at the same place, so that a second run finds the macros built.
    fn create() -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rust-analyzer");
        let chango = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let chango = chango.canonicalize().expect("this checkout is a folder");
        let manifest = format!(
            "[package]\nname = \"edited\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\nchango = {{ path = {chango:?} }}\n\n[workspace]\n"
        );
        std::fs::create_dir_all(root.join("src")).expect("a folder for the project");
        std::fs::write(root.join("Cargo.toml"), manifest).expect("a manifest");
        std::fs::write(root.join("src/lib.rs"), "").expect("a source");
        // The versions that this checkout is built with are there already.
        let lock = chango.join("Cargo.lock");
        if lock.exists() {
            std::fs::copy(lock, root.join("Cargo.lock")).expect("a lock file");
        }
        Self { root }
    }
}

/// A running rust-analyzer, and the one file that is open in it.
struct Editor {
    server: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    began: Instant,
    requests: u64,
    /// The file, and how often it has changed.
    file: String,
    version: u64,
    text: String,
}

impl Editor {
    /// Starts it on a project, and waits until it has read all of that.
    fn start(program: &Path, root: &Path) -> Self {
        let mut server = Command::new(program)
            .current_dir(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("rust-analyzer starts");
        let to = server.stdin.take().expect("its input");
        let mut from = BufReader::new(server.stdout.take().expect("its output"));
        let (messages, received) = channel();
        thread::spawn(move || {
            while let Some(message) = read_message(&mut from) {
                if messages.send(message).is_err() {
                    return;
                }
            }
        });
        let uri = format!("file://{}", root.display());
        let mut editor = Self {
            server,
            to,
            from: received,
            began: Instant::now(),
            requests: 0,
            file: format!("{uri}/src/lib.rs"),
            version: 0,
            text: String::new(),
        };
        editor.open(&uri, root);
        editor
    }

    fn open(&mut self, uri: &str, root: &Path) {
        let sysroot = std::env::var("RUST_SYSROOT_SRC").ok();
        self.request(
            "initialize",
            &json!({
                "processId": std::process::id(),
                "rootUri": uri,
                "capabilities": {
                    "experimental": { "serverStatusNotification": true },
                    "textDocument": { "hover": { "contentFormat": ["plaintext"] } },
                },
                "initializationOptions": {
                    "checkOnSave": false,
                    "cargo": { "sysrootSrc": sysroot, "targetDir": root.join("target") },
                },
            }),
        );
        self.notify("initialized", &json!({}));
        let document = json!({
            "uri": self.file, "languageId": "rust", "version": self.version, "text": "",
        });
        self.notify("textDocument/didOpen", &json!({ "textDocument": document }));
        let mut quiet = false;
        while !quiet {
            let message = self.receive("the project to be read");
            if message["method"] == "experimental/serverStatus" {
                let status = &message["params"];
                assert_eq!(
                    status["health"], "ok",
                    "rust-analyzer is not well: {status}"
                );
                quiet = status["quiescent"] == true;
            }
        }
    }

    /// The names that are offered at the cursor.
    fn completes(&mut self, body: &str) -> Vec<String> {
        let found = self.at_cursor("textDocument/completion", body);
        let items = found.get("items").unwrap_or(&found).as_array().cloned();
        let names = items.unwrap_or_default().into_iter().map(|item| {
            let label = item["label"].as_str().unwrap_or_default().to_owned();
            let name = label.split(['(', ' ', '…']).next();
            name.unwrap_or_default().to_owned()
        });
        names.collect()
    }

    /// What hovering at the cursor shows.
    fn hovers(&mut self, body: &str) -> String {
        let found = self.at_cursor("textDocument/hover", body);
        found["contents"]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The line to which the name at the cursor leads, and it alone.
    fn defined(&mut self, body: &str) -> String {
        let found = self.at_cursor("textDocument/definition", body);
        let places = found.as_array().map_or(0, Vec::len);
        if places != 1 {
            return format!("{places} places");
        }
        let line = found[0]["range"]["start"]["line"].as_u64();
        let line = line.and_then(|line| self.text.lines().nth(usize::try_from(line).ok()?));
        line.unwrap_or_default().to_owned()
    }

    /// Puts the body into a function that has the channel ends, and asks about the cursor's place.
    fn at_cursor(&mut self, method: &str, body: &str) -> Value {
        let text = format!(
            "use chango::prelude::*;\n\n\
             async fn body(tx: Sender<i32>, rx: Receiver<i32>) {{\n {body}\n}}\n"
        );
        let (before, behind) = text.split_once(CURSOR).expect("a cursor in the body");
        let line = before.matches('\n').count();
        let character = before.rsplit('\n').next().map_or(0, str::len);
        self.text = format!("{before}{behind}");
        self.version += 1;
        let change = json!({
            "textDocument": { "uri": self.file, "version": self.version },
            "contentChanges": [{ "text": self.text }],
        });
        self.notify("textDocument/didChange", &change);
        let place = json!({
            "textDocument": { "uri": self.file },
            "position": { "line": line, "character": character },
        });
        self.request(method, &place)
    }

    /// Asks, and waits for the answer.
    fn request(&mut self, method: &str, params: &Value) -> Value {
        loop {
            self.requests += 1;
            let id = self.requests;
            self.send(&json!({ "id": id, "method": method, "params": params }));
            let mut answer = self.receive(method);
            while answer["id"] != id || answer.get("method").is_some() {
                answer = self.receive(method);
            }
            // It asks to be asked again when it was busy with a change.
            let again = [-32801, -32802]
                .iter()
                .any(|code| answer["error"]["code"] == *code);
            if !again {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
        }
    }

    fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "method": method, "params": params }));
    }

    fn send(&mut self, message: &Value) {
        let mut message = message.clone();
        message["jsonrpc"] = "2.0".into();
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len())
            .and_then(|()| self.to.flush())
            .expect("rust-analyzer reads");
    }

    /// The next message; what it asks for itself is answered with nothing.
    fn receive(&mut self, waiting_for: &str) -> Value {
        let left = DEADLINE.saturating_sub(self.began.elapsed());
        let message = match self.from.recv_timeout(left) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => {
                panic!("{DEADLINE:?} were not enough for rust-analyzer; it is at {waiting_for}")
            }
            Err(RecvTimeoutError::Disconnected) => {
                panic!("rust-analyzer has ended; it was at {waiting_for}")
            }
        };
        if let (Some(id), Some(_)) = (message.get("id"), message.get("method")) {
            self.send(&json!({ "id": id, "result": null }));
        }
        message
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It holds nothing that a sudden end could spoil.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// One message: headers, an empty line, and as many bytes as the headers say.
fn read_message(from: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length:") {
            length = value.trim().parse().ok();
        }
    }
    let mut body = vec![0; length?];
    from.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
