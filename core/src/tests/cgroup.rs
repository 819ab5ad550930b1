//! Quotas of cgroups, read from trees of plain files that look as Linux shows them.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{quota, unescape, within};

/// A system's files, in a directory of its own that goes with this.
struct Tree(PathBuf);

impl Tree {
    fn new(memberships: &str, mounts: &[&str]) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "chango-cgroup-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let tree = Self(std::env::temp_dir().join(name));
        let mut all = String::from("22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n");
        for mount in mounts {
            all.extend([mount, "\n"]);
        }
        tree.with("proc/self/cgroup", memberships)
            .with("proc/self/mountinfo", &all)
    }

    fn with(self, path: &str, content: &str) -> Self {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    fn quota(&self) -> Option<usize> {
        quota(&self.0)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const TWO: &str = "31 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 master:1 - cgroup2 cgroup2 rw";
const ONE: &str =
    "32 22 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpu,cpuacct";
const MEMORY: &str = "33 22 0:28 / /sys/fs/cgroup/memory rw shared:11 - cgroup cgroup rw,memory";

#[test]
fn a_quota_is_rounded_up() {
    for (max, expected) in [
        ("100000 100000", Some(1)),
        ("150000 100000", Some(2)),
        ("200001 100000", Some(3)),
        ("5000 50000", Some(1)),
        ("max 100000", None),
        ("", None),
        ("150000", None),
        ("150000 0", None),
        ("-1 100000", None),
        ("18446744073709551615 100000", None),
    ] {
        let tree = Tree::new("0::/service\n", &[TWO])
            .with("sys/fs/cgroup/service/cpu.max", &format!("{max}\n"));
        assert_eq!(tree.quota(), expected, "{max:?}");
    }
}

#[test]
fn a_tighter_limit_of_an_ancestor_counts() {
    let tree = Tree::new("0::/parent/middle/leaf\n", &[TWO])
        .with("sys/fs/cgroup/parent/cpu.max", "200000 100000\n")
        .with("sys/fs/cgroup/parent/middle/cpu.max", "800000 100000\n")
        .with("sys/fs/cgroup/parent/middle/leaf/cpu.max", "max 100000\n");
    assert_eq!(tree.quota(), Some(2));
    let tree = tree.with("sys/fs/cgroup/parent/cpu.max", "300000 100000\n");
    assert_eq!(tree.quota(), Some(3), "it was changed");
    let tree = tree.with("sys/fs/cgroup/parent/middle/leaf/cpu.max", "50000 100000\n");
    assert_eq!(tree.quota(), Some(1), "the leaf is tighter");
}

#[test]
fn a_leaf_without_the_controller_has_the_limit_of_its_ancestors() {
    let tree = Tree::new("0::/parent/leaf\n", &[TWO])
        .with("sys/fs/cgroup/parent/cpu.max", "400000 100000\n");
    assert_eq!(tree.quota(), Some(4));
    let gone = Tree::new("0::/parent/leaf (deleted)\n", &[TWO])
        .with("sys/fs/cgroup/parent/cpu.max", "400000 100000\n");
    assert_eq!(gone.quota(), Some(4));
}

#[test]
fn the_root_of_what_is_mounted_counts_and_nothing_above() {
    // A container whose files begin at its own cgroup.
    let mount = "31 22 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw";
    let tree = Tree::new("0::/docker/abc/inner\n", &[mount])
        .with("sys/fs/cgroup/cpu.max", "250000 100000\n")
        .with("sys/fs/cpu.max", "100000 100000\n");
    assert_eq!(tree.quota(), Some(3));
}

#[test]
fn a_namespace_of_cgroups_begins_at_a_slash() {
    let tree = Tree::new("0::/\n", &[TWO]).with("sys/fs/cgroup/cpu.max", "600000 100000\n");
    assert_eq!(tree.quota(), Some(6));
    // Mounted before the namespace was entered: of the way only its upper end is known.
    let mount = "31 22 0:26 /../.. /host rw - cgroup2 cgroup2 rw";
    let tree = Tree::new("0::/\n", &[mount]).with("host/cpu.max", "500000 100000\n");
    assert_eq!(tree.quota(), Some(5));
}

#[test]
fn what_is_mounted_of_others_does_not_count() {
    let sibling = "31 22 0:26 /docker/ab /sys/fs/cgroup ro - cgroup2 cgroup rw";
    let tree = Tree::new("0::/docker/abc\n", &[sibling])
        .with("sys/fs/cgroup/cpu.max", "100000 100000\n")
        .with("sys/fs/cgroup/c/cpu.max", "100000 100000\n");
    assert_eq!(tree.quota(), None);
    let moved_out = Tree::new("0::/../other\n", &[TWO])
        .with("sys/fs/cgroup/cpu.max", "100000 100000\n")
        .with("sys/fs/other/cpu.max", "100000 100000\n");
    assert_eq!(moved_out.quota(), None);
}

#[test]
fn the_first_version_has_a_hierarchy_for_each_controller() {
    let memberships = "5:memory:/app\n4:cpuset:/set\n3:cpu,cpuacct:/app/web\n0::/unified\n";
    let cpu = "sys/fs/cgroup/cpu,cpuacct/app";
    let tree = Tree::new(memberships, &[MEMORY, ONE])
        .with(&format!("{cpu}/web/cpu.cfs_quota_us"), "-1\n")
        .with(&format!("{cpu}/web/cpu.cfs_period_us"), "100000\n")
        .with("sys/fs/cgroup/memory/app/cpu.cfs_quota_us", "1\n")
        .with("sys/fs/cgroup/memory/app/cpu.cfs_period_us", "1\n");
    assert_eq!(tree.quota(), None);
    let tree = tree
        .with(&format!("{cpu}/cpu.cfs_quota_us"), "350000\n")
        .with(&format!("{cpu}/cpu.cfs_period_us"), "100000\n");
    assert_eq!(tree.quota(), Some(4));
}

#[test]
fn with_both_versions_mounted_the_smaller_limit_counts() {
    let unified = "34 22 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";
    let tree = Tree::new("3:cpu,cpuacct:/app\n0::/app\n", &[ONE, unified])
        .with("sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", "300000\n")
        .with(
            "sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us",
            "100000\n",
        );
    assert_eq!(tree.quota(), Some(3));
    let tree = tree.with("sys/fs/cgroup/unified/app/cpu.max", "500000 100000\n");
    assert_eq!(tree.quota(), Some(3));
    let tree = tree.with("sys/fs/cgroup/unified/app/cpu.max", "200000 100000\n");
    assert_eq!(tree.quota(), Some(2));
}

#[test]
fn what_cannot_be_read_is_no_limit() {
    let nothing = Tree(std::env::temp_dir().join("chango-cgroup-that-is-not-there"));
    assert_eq!(nothing.quota(), None);
    let nonsense = Tree::new(
        "nonsense\n0:\n::\n",
        &["nonsense", "1 2 3 -", " - cgroup2", "a - cgroup"],
    );
    assert_eq!(nonsense.quota(), None);
}

#[test]
fn names_with_spaces_are_found() {
    let mount = "31 22 0:26 / /sys/my\\040groups rw - cgroup2 cgroup2 rw";
    let tree =
        Tree::new("0::/a b:c\n", &[mount]).with("sys/my groups/a b:c/cpu.max", "100000 100000");
    assert_eq!(tree.quota(), Some(1));
    assert_eq!(unescape(r"\134\0"), r"\\0");
}

#[test]
fn of_the_processors_a_quota_leaves_two_at_least() {
    assert_eq!(within(8, None), 8);
    assert_eq!(within(8, Some(3)), 3);
    assert_eq!(within(8, Some(1)), 2);
    assert_eq!(within(1, Some(1)), 1);
    assert_eq!(within(2, Some(16)), 2);
}
