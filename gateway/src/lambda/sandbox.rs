//! One process of a function, with a Runtime API of its own: whoever asks there is that process.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::pool::Pool;
use super::{log_stream, runtime_api};

/// A process, as the pool and its Runtime API see it.
pub(super) struct Sandbox {
    pub(super) id: u64,
    /// The name of its log stream, and of nothing else.
    name: String,
    /// There is an event to be fetched.
    pub(super) event: Notify,
    /// Time may be up earlier than the sandbox knows.
    pub(super) alarm: Notify,
    /// The process must go.
    pub(super) kill: Notify,
}

/// How a process came to its end.
#[derive(Debug)]
pub(super) enum End {
    Exited(ExitStatus),
    /// It took too long, and was killed.
    TimedOut,
    /// Nobody knows.
    Lost,
    NotStarted(String),
}

/// A process that is killed, with all that it has started, when this is dropped.
struct Group {
    child: Child,
    pid: Option<Pid>,
}

impl Sandbox {
    pub(super) fn new(id: u64, name: String) -> Self {
        Self {
            id,
            name,
            event: Notify::new(),
            alarm: Notify::new(),
            kill: Notify::new(),
        }
    }
}

/// Starts a process and serves it until its end.
pub(super) async fn run(pool: Arc<Pool>, sandbox: Arc<Sandbox>) {
    let end = match start(&pool, &sandbox).await {
        Ok((listener, group)) => serve(&pool, &sandbox, &listener, group).await,
        Err(error) => {
            let executable = pool.launch.executable.display();
            End::NotStarted(format!("`{executable}` can not be started: {error}"))
        }
    };
    pool.exited(&sandbox, &end);
}

async fn start(pool: &Arc<Pool>, sandbox: &Sandbox) -> io::Result<(TcpListener, Group)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let launch = &pool.launch;
    let mut command = Command::new(&launch.executable);
    if let Some(directory) = launch.executable.parent().filter(|path| path.is_dir()) {
        command.current_dir(directory);
    }
    command
        .env_clear()
        .envs(launch.environment.iter().map(|(name, value)| (name, value)))
        .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
        .env(
            "AWS_LAMBDA_LOG_STREAM_NAME",
            log_stream(&pool.clock, &sandbox.name),
        )
        .stdin(Stdio::null())
        .stdout(pool.sink.stdio())
        .stderr(pool.sink.stdio())
        // A group of its own: Ctrl-C at the terminal is the gateway's, which ends its functions itself.
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let name = &launch.name;
    if let Some(stream) = child.stdout.take() {
        tokio::spawn(pool.sink.clone().forward(name.clone(), stream));
    }
    if let Some(stream) = child.stderr.take() {
        tokio::spawn(pool.sink.clone().forward(name.clone(), stream));
    }
    let pid = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    Ok((listener, Group { child, pid }))
}

async fn serve(
    pool: &Arc<Pool>,
    sandbox: &Arc<Sandbox>,
    listener: &TcpListener,
    mut group: Group,
) -> End {
    let mut connections = JoinSet::new();
    let init = tokio::time::sleep(pool.init_timeout());
    tokio::pin!(init);
    loop {
        let overdue = pool.clock.sleep_until(pool.armed(sandbox));
        tokio::select! {
            status = group.child.wait() => return match status {
                Ok(status) => End::Exited(status),
                Err(_) => End::Lost,
            },
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(runtime_api::serve(Arc::clone(pool), Arc::clone(sandbox), stream));
            },
            Some(_) = connections.join_next() => {}
            () = overdue => if pool.is_overdue(sandbox) {
                group.kill().await;
                return End::TimedOut;
            },
            () = sandbox.alarm.notified() => {}
            // A process takes real time to start, whatever the clock shows.
            () = &mut init, if pool.is_starting(sandbox) => if pool.is_starting(sandbox) {
                // It may have asked for an event since the look before.
                group.kill().await;
                return End::TimedOut;
            },
            () = sandbox.kill.notified() => {
                return match group.kill().await {
                    Some(status) => End::Exited(status),
                    None => End::Lost,
                };
            }
        }
    }
}

impl Group {
    /// Kills the process and waits until it is gone.
    async fn kill(&mut self) -> Option<ExitStatus> {
        self.signal();
        self.child.wait().await.ok()
    }

    fn signal(&mut self) {
        if let Some(pid) = self.pid {
            // Gone already, perhaps.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Its children too, whatever became of it.
        self.signal();
    }
}
