//! The most memory that a process and those it has started have had, where the system tells.

/// How far down the processes that a process has started are looked at.
const DEPTH: usize = 4;

/// In KiB, each process at its own moment: what Linux calls `VmHWM`. `None` where the system does
/// not say, or the process is gone.
///
/// Source: proc_pid_status(5), proc_pid_task(5)
pub(super) fn peak(pid: i32) -> Option<u64> {
    peak_of_tree(pid, DEPTH)
}

fn peak_of_tree(pid: i32, depth: usize) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let own = high_water_mark(&status)?;
    if depth == 0 {
        return Some(own);
    }
    // Not every kernel lists them.
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_ascii_whitespace();
    let children = children.filter_map(|pid| peak_of_tree(pid.parse().ok()?, depth - 1));
    Some(own + children.sum::<u64>())
}

fn high_water_mark(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_a_line_of_the_status() {
        let status = "Name:\tnode\nVmPeak:\t  999 kB\nVmHWM:\t  51234 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(high_water_mark(status), Some(51_234));
        // A process that has ended and is not collected has none.
        assert_eq!(high_water_mark("Name:\tnode\nState:\tZ (zombie)\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_process_has_started_counts() {
        let mut shell = std::process::Command::new("/bin/sh")
            .args(["-c", "sleep 60 & echo; wait"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut byte = [0];
        let stdout = shell.stdout.as_mut().unwrap();
        std::io::Read::read_exact(stdout, &mut byte).unwrap();
        let pid = i32::try_from(shell.id()).unwrap();
        let (alone, all) = (peak_of_tree(pid, 0).unwrap(), peak(pid).unwrap());
        // `sleep` dies with its group in the gateway; here it is told by itself.
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        shell.kill().unwrap();
        shell.wait().unwrap();
        assert!(alone > 0);
        if let Ok(children) = children {
            assert!(all > alone, "{all} {alone}");
            let child = children.trim().parse().unwrap();
            let child = rustix::process::Pid::from_raw(child).unwrap();
            rustix::process::kill_process(child, rustix::process::Signal::KILL).unwrap();
        }
    }
}
