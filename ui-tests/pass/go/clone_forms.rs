//! Clone lists: names, expressions, `mut`, references, and what only begins as one does.
#![deny(warnings)]

use std::sync::Arc;

use chango::prelude::*;

struct Worker {
    name: String,
    parts: (Arc<str>, Vec<i32>),
    rx: Receiver<i32>,
}

impl Worker {
    async fn start(&self, tx: &Sender<String>) {
        go! {
            clone tx, name = self.name, rx = self.rx, part = &self.parts.0, n = self.parts.1[1],
                all = self.all().iter().map(|n| n + 1).collect::<Vec<i32>>();
            for v in <-rx {
                tx <- format!("{name}{part}{n}{}{v}", all.len());
            }
        }
        .await
        .unwrap()
    }

    fn all(&self) -> &[i32] {
        &self.parts.1
    }
}

fn main() {
    run! {
        let (tx, rx) = bounded(1);
        let (lines, line) = bounded(2);
        let worker = Worker { name: "w".into(), parts: ("p".into(), vec![1, 2]), rx };
        tx <- 7;
        drop(tx);
        worker.start(&lines).await;
        assert_eq!((<-line).as_deref(), Some("wp227"));
        // A reference is cloned as `.clone()` does: what it refers to.
        let shared = &Arc::new(5);
        let text: &'static str = "text";
        let slice: &'static [i32] = &[1];
        let counts = go! { clone shared, text, slice; (Arc::strong_count(&shared), text, slice.len()) };
        assert_eq!(counts.await.unwrap().1, "text");
        let mut list = vec![1];
        let grown = go! { clone mut list, mut more = [2],; more[0] += 1; list.extend(more); list };
        list.push(9);
        assert_eq!((grown.await.unwrap(), list), (vec![1, 3], vec![1, 9]));
        let clone = |n: i32| n + 1;
        assert_eq!(go! { clone(1) }.await.unwrap(), 2);
        let clone = 3_u8;
        assert_eq!(go! { clone as i32 + 1 }.await.unwrap(), 4);
        assert_eq!(go! { clone + 1 }.await.unwrap(), 4);
        assert_eq!(go! { clone clone; clone }.await.unwrap(), 3);
        go! { clone r#list = text; assert_eq!(r#list, "text") }.await.unwrap();
        go! { clone r#type = text; assert_eq!(r#type.len(), 4) }.await.unwrap();
    }
}
