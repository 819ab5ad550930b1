//! The runtime that the process shares: when it comes, what it costs, and how it ends.

#[cfg(target_os = "linux")]
pub(crate) mod by_its_threads {
    use std::fs;
    use std::os::unix::process::ExitStatusExt as _;
    use std::path::{Path, PathBuf};
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Wake, Waker};

    use chango::chan;
    use chango::compat::{self, with_tokio};
    use chango::prelude::*;

    use crate::program::{Program, wait_for_the_end_of_input};

    /// Each is a process of its own.
    pub(crate) const PROGRAMS: &[(&str, fn())] = &[
        ("unused", unused),
        ("used and idle", used_and_idle),
        ("a bad waker", a_bad_waker),
    ];

    fn unused() {
        run! {
            let (tx, rx) = chan::bounded(0);
            go! { tx <- 1 };
            <-rx;
            eprintln!("ready");
            chango::task::blocking(wait_for_the_end_of_input);
        }
    }

    fn used_and_idle() {
        run! {
            let naps: Vec<_> = (0..100)
                .map(|_| go! {
                    with_tokio(async { tokio::time::sleep(Duration::from_millis(2)).await }).await
                })
                .collect();
            for nap in naps {
                nap.await.unwrap();
            }
            // It waits by a socket, as the pool of a client does.
            let listener = with_tokio(tokio::net::TcpListener::bind("127.0.0.1:0"));
            let listener = listener.await.unwrap();
            compat::handle().spawn(async move { listener.accept().await.map(drop) });
            eprintln!("ready");
            chango::task::blocking(wait_for_the_end_of_input);
        }
    }

    /// It waits itself, by a waker that panics on tokio's thread.
    fn a_bad_waker() {
        struct Bad;
        impl Wake for Bad {
            fn wake(self: Arc<Self>) {
                panic!("a bad waker");
            }
        }
        eprintln!("ready");
        let nap = async { tokio::time::sleep(Duration::from_millis(1)).await };
        let mut future = pin!(with_tokio(nap));
        let waker = Waker::from(Arc::new(Bad));
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        // Whoever waits for the end of this process closes its input.
        std::thread::sleep(Duration::from_secs(60));
    }

    /// The threads of a process that are tokio's.
    fn tokios(process: u32) -> Vec<PathBuf> {
        let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
        let paths = tasks.map(|task| task.unwrap().path());
        let is_tokios = |path: &Path| {
            fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == "chango-tokio")
        };
        paths.filter(|path| is_tokios(path)).collect()
    }

    #[test]
    fn there_is_no_thread_before_it_is_asked_for() {
        let program = Program::start("unused", "2", "");
        assert!(tokios(program.process.id()).is_empty());
        program.end();
    }

    #[test]
    fn a_hundred_goroutines_have_one_thread_which_sleeps_when_nobody_needs_it() {
        let program = Program::start("used and idle", "2", "");
        assert_eq!(tokios(program.process.id()).len(), 1);
        program.until_it_sleeps();
        program.end();
    }

    #[test]
    fn a_waker_that_panics_on_its_thread_ends_the_process_and_lets_nobody_wait_for_ever() {
        const SIGABRT: i32 = 6;
        let mut program = Program::start("a bad waker", "2", "");
        program.until("it says why", |said| {
            said.contains("fatal: a waker has panicked")
        });
        assert_eq!(program.process.wait().unwrap().signal(), Some(SIGABRT));
    }
}
