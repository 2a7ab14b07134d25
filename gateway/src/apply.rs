//! A new deployment while the gateway serves.

use std::path::{Path, PathBuf};

use stack::{
    Assembly, Change, FunctionChange, FunctionPart, Plan, Refusal, Table, TableChange, TablePart,
};

use crate::access_log::Writer;
use crate::build::Programs;
use crate::lambda::Launch;
use crate::running::{Deployed, Running, rules, warn_of_targets};
use crate::services::aws;
use crate::{Error, build};

/// Why a deployment was not applied. The previous one is still served, unchanged.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// It changes what cannot change while the gateway serves.
    #[error("it cannot be applied while the gateway serves: {}", list(.0))]
    Refused(Vec<Refusal>),
    /// A function cannot be built, a table cannot be created, or the access log has nowhere to go.
    #[error(transparent)]
    Failed(#[from] Error),
    /// The gateway is going down.
    #[error("the gateway is going down")]
    GoingDown,
}

/// What a [`Control::reload`](crate::Control::reload) has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloaded {
    /// What is served otherwise than before.
    pub plan: Plan,
    /// What of it AWS would not serve before the next deployment, each in some words.
    pub held: Vec<String>,
}

/// How the functions of a new deployment take the place of those before.
#[derive(Clone, Copy, Debug)]
enum Takeover<'t> {
    /// As on AWS: a process is started once an event comes.
    WhenCalled,
    /// Whoever has saved these files and folders will call the functions again in a moment.
    Saved(&'t [PathBuf]),
}

impl Running {
    /// See [`Control::apply`](crate::Control::apply).
    pub(crate) async fn apply(&self, assembly: Assembly) -> Result<Plan, ApplyError> {
        let mut deployed = self.deployed.lock().await;
        let assembly = assembly.after(&self.assembly()).map_err(Error::Template)?;
        self.deploy(assembly, &mut deployed, Takeover::WhenCalled)
            .await
    }

    /// See [`Control::reload`](crate::Control::reload).
    pub(crate) async fn reload(
        &self,
        assembly: Assembly,
        saved: &[PathBuf],
    ) -> Result<Reloaded, ApplyError> {
        let mut deployed = self.deployed.lock().await;
        let on_aws = assembly.after(&self.assembly());
        let held = on_aws.map_or_else(|_| Vec::new(), |on_aws| on_aws.waiting());
        let takeover = Takeover::Saved(saved);
        let plan = self.deploy(assembly, &mut deployed, takeover).await?;
        Ok(Reloaded { plan, held })
    }

    async fn deploy(
        &self,
        assembly: Assembly,
        deployed: &mut Deployed,
        takeover: Takeover<'_>,
    ) -> Result<Plan, ApplyError> {
        let mut plan = Plan::between(&self.assembly(), &assembly);
        let mut refusals = plan.refusals();
        refusals.extend(deployed.stays_in_the_way(&assembly, &plan.tables));
        if !refusals.is_empty() {
            return Err(ApplyError::Refused(refusals));
        }
        let programs = tokio::select! {
            biased;
            () = self.goes_down() => return Err(ApplyError::GoingDown),
            programs = build::programs(&assembly, &self.options.build, &self.tools) => programs?,
        };
        self.still_runs(&assembly, &programs)?;
        self.log_accesses_of(&assembly, deployed)?;
        self.change_tables(&assembly, &plan.tables, deployed)
            .await?;
        let launches = Launch::all(&assembly, &programs, &self.surroundings);
        self.functions.offer(&assembly, &programs);
        let is_new = |launch: &Launch| {
            takeover.replaces(launch) || deployed.launches.get(&launch.arn) != Some(launch)
        };
        let new: Vec<Launch> = launches.into_iter().filter(is_new).collect();
        note_new_code(&mut plan, &assembly, &new);
        let names = new
            .iter()
            .map(|launch| (launch.arn.clone(), launch.clone()));
        // Those of functions that are gone stay: a request that began before may still call them. A
        // new generation of their processes lets the idle ones end at once.
        let removed = plan
            .functions
            .iter()
            .filter(|function| function.change == Change::Removed)
            // It may be there still, for callers of Lambda's Invoke API.
            .filter(|function| new.iter().all(|launch| launch.arn != function.arn))
            .filter_map(|function| deployed.launches.get(&function.arn).cloned());
        let removed: Vec<Launch> = removed.collect();
        let arns: Vec<String> = new.iter().map(|launch| launch.arn.clone()).collect();
        deployed.launches.extend(names);
        self.hub.deploy(rules(&assembly, &self.options), || {
            for launch in new.into_iter().chain(removed) {
                self.functions.deploy(launch);
            }
        });
        if let Takeover::Saved(_) = takeover {
            self.functions.warm(&arns);
        }
        let mappings = assembly.event_source_mappings();
        self.mappings.deploy(mappings, self.dynamodb.as_ref());
        if !takeover.is_heard_of(&plan) {
            self.warn(&assembly, &programs, &plan);
        }
        self.assembly.send_replace(assembly);
        Ok(plan)
    }
}

impl Takeover<'_> {
    /// Whether a function's processes end whatever the state of its files is: a file may have been
    /// saved twice within one tick of its time.
    fn replaces(self, launch: &Launch) -> bool {
        let Self::Saved(saved) = self else {
            return false;
        };
        let absolute = |path: &PathBuf| std::path::absolute(Path::new(".").join(path)).ok();
        let mut saved = saved.iter().filter_map(absolute);
        saved.any(|saved| launch.program.code.contains(&saved))
    }
}

impl Takeover<'_> {
    /// Whether all that there is to warn of was told before: whoever saves code all day need not
    /// hear of the template each time.
    fn is_heard_of(self, plan: &Plan) -> bool {
        let is_code = |function: &FunctionChange| match &function.change {
            Change::Changed(parts) => *parts == [FunctionPart::Code],
            Change::Added | Change::Removed => false,
        };
        let is_of_code = !plan.rules && plan.functions.iter().all(is_code);
        matches!(self, Self::Saved(_)) && is_of_code
    }
}

/// Adds the functions whose files are others, though the template says the same of them.
fn note_new_code(plan: &mut Plan, assembly: &Assembly, new: &[Launch]) {
    for launch in new {
        let mut functions = assembly.functions().iter();
        let Some(function) = functions.find(|function| function.arn == launch.arn) else {
            continue;
        };
        if plan.functions.iter().all(|one| one.arn != launch.arn) {
            plan.functions.push(FunctionChange {
                arn: launch.arn.clone(),
                logical_id: function.logical_id.clone(),
                change: Change::Changed(vec![FunctionPart::Code]),
            });
        }
    }
}

impl Deployed {
    /// Tables that are to be created, while one of that name with other keys still exists.
    fn stays_in_the_way(&self, new: &Assembly, changes: &[TableChange]) -> Vec<Refusal> {
        let added = changes
            .iter()
            .filter(|change| change.change == Change::Added);
        let in_the_way = added.filter(|TableChange { name, .. }| {
            let keys = |table: &Table| table.definition["KeySchema"].clone();
            let existing = find(&self.tables, name).map(keys);
            existing.is_some_and(|existing| find(new.tables(), name).map(keys) != Some(existing))
        });
        in_the_way
            .map(|TableChange { name, .. }| Refusal::KeySchema { name: name.clone() })
            .collect()
    }
}

impl Running {
    /// What ran, and what is called for the first time, must run; what was called and did not run
    /// may still not.
    fn still_runs(&self, new: &Assembly, programs: &Programs) -> Result<(), Error> {
        let before = self.assembly();
        let had_failed = |arn: &str| {
            let mut called = before.functions().iter().filter(|one| one.is_called);
            self.functions.is_not_run(arn) && called.any(|one| one.arn == arn)
        };
        let mut not_run = programs.not_run(new);
        match not_run.find(|(function, _)| !had_failed(&function.arn)) {
            Some((_, why)) => Err(why.error.clone().into()),
            None => Ok(()),
        }
    }

    /// Warns of a new deployment as the start does, and of what waits for another one.
    fn warn(&self, new: &Assembly, programs: &Programs, plan: &Plan) {
        let unheard = |stack: &Assembly| aws::without_address(stack, &self.options.endpoints);
        if unheard(new) != unheard(&self.assembly()) {
            aws::warn(new, &self.options.endpoints);
        }
        programs.warn(new);
        warn_of_targets(new);
        if !plan.waiting.is_empty() {
            tracing::warn!(
                "not served before the next deployment: {}. A deployment is made once: give the \
                 `AWS::ApiGatewayV2::Deployment` another logical id, or the stage `AutoDeploy: \
                 true`",
                plan.waiting.join(", ")
            );
        }
    }

    /// Starts the writer of the access log if the new stage is the first to have one.
    fn log_accesses_of(&self, new: &Assembly, deployed: &mut Deployed) -> Result<(), Error> {
        let is_wanted = new.api().stage.access_log_settings.is_some();
        if is_wanted && deployed.access_log.is_none() {
            let writer = Writer::start(&self.options.access_log).map_err(Error::AccessLog)?;
            self.hub.log_accesses(writer.lines());
            deployed.access_log = Some(writer);
        }
        Ok(())
    }

    async fn change_tables(
        &self,
        new: &Assembly,
        changes: &[TableChange],
        deployed: &mut Deployed,
    ) -> Result<(), Error> {
        let Some(engine) = &self.dynamodb else {
            let is_new = |table: &&Table| {
                let mut added = changes.iter().filter(|one| one.change == Change::Added);
                added.any(|one| one.name == table.name)
            };
            let added: Vec<&Table> = new.tables().iter().filter(is_new).collect();
            if added.len() < changes.len() {
                tracing::warn!("tables that another DynamoDB has are left as they are");
            }
            for problem in self.endpoint.create(added).await {
                tracing::warn!("{problem}");
            }
            return Ok(());
        };
        for TableChange { name, change, .. } in changes {
            let Some(table) = find(new.tables(), name) else {
                // It is gone from the template, and keeps its rows.
                continue;
            };
            let Some(existing) = find(&deployed.tables, name) else {
                engine.create(table)?;
                deployed.tables.push(table.clone());
                continue;
            };
            if table.time_to_live != existing.time_to_live {
                engine.set_time_to_live(table)?;
            }
            if matches!(change, Change::Changed(parts) if parts.contains(&TablePart::Definition)) {
                tracing::warn!(
                    "the table `{name}` keeps its indexes, stream and capacity until the gateway \
                     is started again"
                );
            }
            deployed.tables.retain(|table| table.name != *name);
            deployed.tables.push(table.clone());
        }
        Ok(())
    }
}

fn find<'t>(tables: &'t [Table], name: &str) -> Option<&'t Table> {
    tables.iter().find(|table| table.name == name)
}

fn list(refusals: &[Refusal]) -> String {
    let texts: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
