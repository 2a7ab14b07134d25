//! What a function's processes do at the moment, where the system tells.
//!
//! Linux has `/proc/{pid}/stat`: whether a process can run, and the processor time of all of its
//! threads. Elsewhere `ps` says whether it can run. What a process has others compute for it counts
//! as waiting.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;

use super::machine::Reading;
use super::pool::Pool;
use super::sandbox::Sandbox;

impl Pool {
    /// Looks at what processes do.
    pub(super) async fn look(&self, sandboxes: &[Arc<Sandbox>]) {
        let numbered = |sandbox: &Arc<Sandbox>| Some((sandbox.id, *sandbox.pid.get()?));
        let numbered: Vec<_> = sandboxes.iter().filter_map(numbered).collect();
        let pids: Vec<u32> = numbered.iter().map(|(_, pid)| *pid).collect();
        // Reading may take its time: it is the beginning that may be late.
        let began = self.now().steady;
        let readings = read(&pids).await;
        let found = numbered.into_iter();
        let found = found.filter_map(|(id, pid)| Some((id, *readings.get(&pid)?)));
        let found = found.collect();
        self.step(|machine, now| machine.looked(now, began, &found));
    }
}

/// Reads what these processes do. Those of which nobody tells anything are missing.
async fn read(pids: &[u32]) -> BTreeMap<u32, Reading> {
    if pids.is_empty() {
        return BTreeMap::new();
    }
    if cfg!(target_os = "linux") {
        let stat = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok();
        let reading = |pid: &u32| Some((*pid, of_stat(&stat(pid)?)?));
        return pids.iter().filter_map(reading).collect();
    }
    let list: Vec<String> = pids.iter().map(u32::to_string).collect();
    let output = Command::new("ps")
        .args(["-o", "pid=,stat=", "-p", &list.join(",")])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    let output = output.map(|output| output.stdout).unwrap_or_default();
    let output = String::from_utf8_lossy(&output);
    output.lines().filter_map(of_ps).collect()
}

/// A line of Linux's: the name of the program, in parentheses, may hold anything. The state is the
/// first word behind it, the processor times of the user and of the system, in hundredths of a
/// second, are the twelfth and the thirteenth.
///
/// Source: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
fn of_stat(line: &str) -> Option<Reading> {
    let (_, behind) = line.rsplit_once(')')?;
    let mut words = behind.split_ascii_whitespace();
    let state = words.next()?;
    let user: u64 = words.nth(10)?.parse().ok()?;
    let system: u64 = words.next()?.parse().ok()?;
    Some(Reading {
        used: Duration::from_millis(user.saturating_add(system).saturating_mul(10)),
        is_runnable: state == "R",
    })
}

/// A line of `ps`: the process, and its state, with more letters behind.
fn of_ps(line: &str) -> Option<(u32, Reading)> {
    let mut words = line.split_ascii_whitespace();
    let pid = words.next()?.parse().ok()?;
    let reading = Reading {
        used: Duration::ZERO,
        is_runnable: words.next()?.starts_with('R'),
    };
    Some((pid, reading))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const fn reading(used: u64, is_runnable: bool) -> Reading {
        Reading {
            used: Duration::from_millis(used),
            is_runnable,
        }
    }

    #[rstest]
    #[case::waits(
        "7 (node) S 1 7 7 0 -1 4 9 0 0 0 12 3 0 0 20 0 11 0 5",
        Some(reading(150, false))
    )]
    #[case::runs(
        "7 (a) R) R 1 7 7 0 -1 4 9 0 0 0 1 0 0 0 20 0 11 0 5",
        Some(reading(10, true))
    )]
    #[case::nonsense("7 (node) S 1 7", None)]
    #[case::nothing("", None)]
    fn a_line_of_proc_is_read(#[case] line: &str, #[case] expected: Option<Reading>) {
        assert_eq!(of_stat(line), expected);
    }

    #[rstest]
    #[case::runs("  12 R+\n", Some((12, reading(0, true))))]
    #[case::waits("13 Ss", Some((13, reading(0, false))))]
    #[case::nonsense("ps: no", None)]
    fn a_line_of_ps_is_read(#[case] line: &str, #[case] expected: Option<(u32, Reading)>) {
        assert_eq!(of_ps(line), expected);
    }

    #[tokio::test]
    async fn a_sleeper_waits_and_who_has_gone_is_not_there() {
        let mut child = Command::new("sleep").arg("1000").spawn().expect("`sleep`");
        let pid = child.id().expect("a process that has not been waited for");
        let reading = loop {
            let reading = read(&[pid]).await[&pid];
            if !reading.is_runnable {
                break reading;
            }
            tokio::task::yield_now().await;
        };
        assert!(reading.used < Duration::from_secs(1));
        child.kill().await.expect("a process to kill");
        assert_eq!(read(&[pid]).await, BTreeMap::new());
    }
}
