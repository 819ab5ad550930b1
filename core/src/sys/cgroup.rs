//! How much processor time the cgroups of this process allow. (Go: `internal/runtime/cgroup`.)
//!
//! `/proc/self/cgroup` says which cgroup the process is in, as a path from the root of a hierarchy, and
//! `/proc/self/mountinfo` which part of which hierarchy can be seen where. The kernel enforces the quota of
//! the cgroup *and of each of its ancestors*, so the smallest that can be seen counts. (Go up to 1.27 reads
//! the innermost one only: golang/go#81180.) What must hold:
//!
//! * whatever these files hold, what cannot be read is no limit;
//! * all files are looked for below a root that is given, so that a test is a tree of plain files.

use std::fs;
use std::path::{Path, PathBuf};

/// Of so many processors, those that a quota lets be used at the same time. Go's rule: two at least, since
/// with one a goroutine would wait for another one whenever it could run beside it.
pub(super) fn within(processors: usize, quota: Option<usize>) -> usize {
    quota.map_or(processors, |quota| processors.min(quota.max(2)))
}

/// The smallest quota of the cgroups that this process is in, in whole processors, rounded up.
pub(super) fn quota(root: &Path) -> Option<usize> {
    let memberships = read(&root.join("proc/self/cgroup"))?;
    let mounts = read(&root.join("proc/self/mountinfo"))?;
    let mounts = mounts.lines().filter_map(Mount::parse);
    let limits = mounts.filter_map(|mount| mount.quota(root, &memberships));
    limits.min()
}

fn read(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    /// A hierarchy for each controller; this is the one of `cpu`.
    One,
    /// One hierarchy for all.
    Two,
}

/// A mounted hierarchy that may limit processor time.
struct Mount {
    version: Version,
    /// The cgroup that is seen at `point`.
    top: String,
    point: String,
}

impl Mount {
    /// A line is `36 35 98:0 /top /point rw,noatime shared:1 - cgroup2 source rw,cpu`, where of
    /// `shared:1` there may be any number.
    fn parse(line: &str) -> Option<Self> {
        let (mount, system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (top, point) = (unescape(mount.next()?), unescape(mount.next()?));
        let mut system = system.split(' ');
        let version = match system.next()? {
            "cgroup" if has(system.nth(1)?, "cpu") => Version::One,
            "cgroup2" => Version::Two,
            _ => return None,
        };
        Some(Self {
            version,
            top,
            point,
        })
    }

    /// The smallest quota that can be seen here.
    fn quota(&self, root: &Path, memberships: &str) -> Option<usize> {
        let below = self.below(self.membership(memberships)?)?;
        // Joined as they are, absolute paths would leave the root.
        let point = root.join(self.point.trim_start_matches('/'));
        let cgroup = below.iter().fold(point, |path, part| path.join(part));
        let levels = cgroup.ancestors().take(below.len() + 1);
        let quotas = levels.filter_map(|level| self.quota_of(level.into()));
        quotas.min()
    }

    /// The path of the process in this hierarchy. A line is `4:cpu,cpuacct:/path`, or `0::/path`.
    fn membership<'a>(&self, memberships: &'a str) -> Option<&'a str> {
        memberships.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':');
            let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
            let ours = match self.version {
                Version::One => has(controllers, "cpu"),
                Version::Two => number == "0" && controllers.is_empty(),
            };
            ours.then_some(path)
        })
    }

    /// The way from what is mounted here down to the cgroup at `path`; none if it is not below.
    fn below<'a>(&self, path: &'a str) -> Option<Vec<&'a str>> {
        let (mut below, top) = (parts(path), parts(&self.top));
        if below.get(..top.len()) == Some(&top) {
            below.drain(..top.len());
            return (!below.contains(&"..")).then_some(below);
        }
        // Mounted outside of the process's namespace of cgroups: an ancestor, and no more is known of
        // the way.
        top.iter().all(|&part| part == "..").then(Vec::new)
    }

    fn quota_of(&self, cgroup: PathBuf) -> Option<usize> {
        let file = |name| read(&cgroup.join(name));
        let (quota, period) = match self.version {
            Version::One => (file("cpu.cfs_quota_us")?, file("cpu.cfs_period_us")?),
            Version::Two => {
                let max = file("cpu.max")?;
                let (quota, period) = max.trim().split_once(' ')?;
                (quota.into(), period.into())
            }
        };
        // Without a limit the quota is `max`, or -1.
        let quota: u64 = quota.trim().parse().ok()?;
        let period: u64 = period.trim().parse().ok()?;
        usize::try_from(quota.checked_add(period.checked_sub(1)?)? / period).ok()
    }
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// Whether a list with commas has this word.
fn has(list: &str, word: &str) -> bool {
    list.split(',').any(|each| each == word)
}

/// Spaces, tabs, line ends and backslashes are `\040` and the like there.
fn unescape(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = String::from(parts.next().unwrap_or_default());
    for part in parts {
        let byte = part
            .get(..3)
            .and_then(|code| u8::from_str_radix(code, 8).ok());
        match byte {
            Some(byte) => plain.extend([char::from(byte).to_string().as_str(), &part[3..]]),
            None => plain.extend(["\\", part]),
        }
    }
    plain
}

#[cfg(all(test, not(loom)))]
#[path = "../tests/cgroup.rs"]
mod tests;
