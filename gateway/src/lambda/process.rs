//! One process of a function, with a Runtime API of its own: whoever asks there is that process.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::failure::{Failure, StartError};
use super::pool::Pool;
use super::sandbox::{Sandbox, pass_panic_on};
use super::watchdog::Watched;
use super::{log_stream, runtime_api};

/// A process at work.
struct Started {
    /// Its Runtime API.
    listener: TcpListener,
    group: Group,
}

/// A process that is killed, with all that it has started, when this is dropped.
struct Group {
    child: Child,
    pid: Option<Pid>,
    _watched: Option<Watched>,
}

/// How long what a process has posted before its end may take to be read. It is here already; only
/// a process that has left the function's group can hold a connection open.
const DRAIN: Duration = Duration::from_secs(2);
/// How long nothing is accepted after it has failed.
const PAUSE: Duration = Duration::from_millis(50);

/// Starts a process, serves it until its end, and reads its output to the end.
///
/// # Panics
/// If a task below it has panicked.
pub(super) async fn run(pool: Arc<Pool>, sandbox: Arc<Sandbox>) {
    let started = match start(&pool, &sandbox).await {
        Ok(started) => started,
        Err(error) => return pool.exited(&sandbox, Failure::NotStarted(error)),
    };
    let served = async {
        let failure = match serve(&pool, &sandbox, started.listener, started.group).await {
            Ok(status) => Failure::Exited(status),
            Err(_) => Failure::Lost,
        };
        sandbox.journal.exited(&failure, pool.clock.now());
        pool.exited(&sandbox, failure);
    };
    // A process may close its output and live on, and what it has started may write on.
    tokio::join!(served, sandbox.journal.forward());
}

async fn start(pool: &Pool, sandbox: &Sandbox) -> Result<Started, StartError> {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.map_err(StartError::RuntimeApi)?;
    let address = listener.local_addr().map_err(StartError::RuntimeApi)?;
    let program = &sandbox.launch.program;
    let (executable, arguments) = program.argv.split_first().ok_or(StartError::NoProgram)?;
    let output = sandbox.journal.open().map_err(StartError::Output)?;
    let error = output.try_clone().map_err(StartError::Output)?;
    let mut command = Command::new(executable);
    command
        .args(arguments)
        .current_dir(&program.cwd)
        .env_clear()
        .envs(
            sandbox
                .launch
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env(
            "AWS_LAMBDA_LOG_STREAM_NAME",
            log_stream(&pool.clock, &sandbox.name),
        )
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(error)
        // A group of its own: Ctrl-C at the terminal is the gateway's, which ends its functions
        // itself.
        .process_group(0)
        .kill_on_drop(true);
    let child = command.spawn().map_err(|error| StartError::Program {
        program: executable.into(),
        error,
    })?;
    if let Some(pid) = child.id() {
        let _ = sandbox.pid.set(pid);
    }
    let pid = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    let watched = pid.map(|pid| pool.watchdog.watch(pid));
    sandbox.journal.started(pid.map(Pid::as_raw_pid));
    let group = Group {
        child,
        pid,
        _watched: watched,
    };
    Ok(Started { listener, group })
}

/// Serves a process until it has ended and all that it has said is heard.
async fn serve(
    pool: &Arc<Pool>,
    sandbox: &Arc<Sandbox>,
    listener: TcpListener,
    mut group: Group,
) -> io::Result<ExitStatus> {
    let mut connections = JoinSet::new();
    let api = |stream| runtime_api::serve(Arc::clone(pool), Arc::clone(sandbox), stream);
    let status = loop {
        tokio::select! {
            status = group.child.wait() => break status,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(api(stream))),
                // Out of file descriptors, most likely: some may come back.
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(ended) = connections.join_next() => pass_panic_on(ended),
            () = sandbox.kill.notified() => {
                sandbox.journal.is_killed();
                group.signal();
            }
        }
    };
    pool.gone(sandbox);
    // Its children end with it, and so do their connections.
    group.signal();
    // What it has sent is here already, also on connections that nobody has accepted yet.
    if let Ok(listener) = listener.into_std() {
        while let Ok((stream, _)) = listener.accept() {
            let stream = stream
                .set_nonblocking(true)
                .and_then(|()| TcpStream::from_std(stream));
            if let Ok(stream) = stream {
                connections.spawn(api(stream));
            }
        }
    }
    // Whoever holds a connection beyond that is not the function any more.
    let _ = timeout(DRAIN, all(connections)).await;
    status
}

async fn all(mut tasks: JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        pass_panic_on(ended);
    }
}

impl Group {
    fn signal(&self) {
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
