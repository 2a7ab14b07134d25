//! Runs a function as a process: environment, log, cold start, then event by event until it is
//! stopped.

use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::{Context, Poll};

use lambda_runtime::layers::TracingLayer;
use lambda_runtime::tower::{Layer, Service};
use lambda_runtime::{Error, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Mutex;
use tracing::{error, info};

use crate::environment::{Environment, EnvironmentError};
use crate::{FromEnvironment, Function, log};

/// Runs a function until SIGTERM, or until the Lambda Runtime API is gone. The exit code is 0 after
/// SIGTERM, else 1, with the cause in the log.
///
/// Call it from a current-thread runtime: a function handles one event at a time, and other threads
/// would only be woken in vain.
pub async fn run<F: FromEnvironment + Function + 'static>() -> ExitCode {
    let environment = Environment::of_process();
    let subscriber = log::subscriber(log::level(&environment), std::io::stdout);
    // Fails if a subscriber is set already, which then gets the log.
    let _ = tracing::subscriber::set_global_default(subscriber);
    match serve::<F>(&environment).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(error = %error, "the function stops");
            ExitCode::FAILURE
        }
    }
}

async fn serve<F: FromEnvironment + Function + 'static>(
    environment: &Environment,
) -> Result<(), Error> {
    started_by_lambda(environment)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let function = Arc::new(F::from_environment(environment)?);
    let busy = Arc::new(Mutex::new(()));
    let handler = service_fn(|event: LambdaEvent<Value>| {
        let function = Arc::clone(&function);
        async move { function.call(&event.payload).await }
    });
    let runtime = Runtime::new(handler)
        .layer(TracingLayer::new())
        .layer(Busy(Arc::clone(&busy)));
    let terminated = async {
        terminate.recv().await;
        // The current event gets its answer first.
        busy.lock().await
    };
    tokio::select! {
        ended = runtime.run() => ended,
        _idle = terminated => {
            info!("terminated");
            Ok(())
        }
    }
}

/// The variables that the runtime library needs: it panics without them.
fn started_by_lambda(environment: &Environment) -> Result<(), EnvironmentError> {
    for name in [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
    ] {
        environment.required(name)?;
    }
    let memory_size = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";
    environment
        .required(memory_size)?
        .parse::<i32>()
        .map(|_| ())
        .map_err(|_| EnvironmentError {
            name: memory_size.to_owned(),
            problem: "is not a number of megabytes",
        })
}

/// Holds a lock from the arrival of an event until its answer is posted.
struct Busy(Arc<Mutex<()>>);

struct BusyService<S> {
    inner: S,
    busy: Arc<Mutex<()>>,
}

impl<S> Layer<S> for Busy {
    type Service = BusyService<S>;

    fn layer(&self, inner: S) -> BusyService<S> {
        BusyService {
            inner,
            busy: Arc::clone(&self.0),
        }
    }
}

impl<S> Service<LambdaInvocation> for BusyService<S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: 'static,
{
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let answered = self.inner.call(invocation);
        let busy = Arc::clone(&self.busy);
        Box::pin(async move {
            let _busy = busy.lock_owned().await;
            answered.await
        })
    }
}
