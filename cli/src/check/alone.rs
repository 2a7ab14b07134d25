//! The command that runs one case of a run again, alone.

use std::fmt::Display;
use std::path::Path;

use conformance::generate::Chance;
use conformance::target::endpoint::deployed_as;
use conformance::{Case, Report, Verdict};

use super::{CheckArgs, Target};
use crate::given::HERE;

/// A command, argument by argument.
struct Command(Vec<String>);

/// Says of each outcome that is worth a second look how to get it.
pub(super) fn tell(args: &CheckArgs, target: Target, cases: &[Case], report: &mut Report) {
    for outcome in &mut report.outcomes {
        if matches!(outcome.verdict, Verdict::Pass | Verdict::Unsupported) {
            continue;
        }
        let case = cases.iter().find(|case| case.id == outcome.case);
        outcome.command = case.map(|case| command(args, target, case));
    }
}

/// As a shell takes it.
fn command(args: &CheckArgs, target: Target, case: &Case) -> String {
    if let Some(script) = &args.started_by {
        let mut of_case = Command(Vec::new());
        of_case.add("--case", &case.id);
        return format!("{script} {}", of_case.text());
    }
    let mut command = Command(vec!["gatespec".to_owned(), "check".to_owned()]);
    if !target.is_deployed() {
        command.of_stack(args);
    }
    if target == Target::Local {
        for (option, value) in args.interpreters.to_arguments() {
            command.add(option, value);
        }
    }
    command.add("--target", target.name());
    command.of_deployed(args, case);
    command.file("--cases", args.selection.cases.as_deref());
    command.file("--fixtures", args.fixtures.as_deref());
    if !case.generate.is_empty() {
        command.of_chance(args);
    }
    command.add("--case", &case.id);
    command.text()
}

impl Command {
    fn of_stack(&mut self, args: &CheckArgs) {
        let path = args.stack.path.display().to_string();
        if path != HERE {
            self.0.push(path);
        }
        self.0.extend(args.stack.to_arguments(None));
        if args.stack.no_build {
            self.0.push("--no-build".to_owned());
        }
        for argument in super::mutation(&args.stack) {
            self.0.push(argument);
        }
    }

    /// Where the target is; of its fixtures only the one that the case runs on.
    fn of_deployed(&mut self, args: &CheckArgs, case: &Case) {
        let there = &args.endpoint;
        self.given("--stack", args.aws.deployed.as_ref());
        self.given("--ws", there.ws.as_ref());
        self.given("--management", there.management.as_ref());
        let its = deployed_as(case);
        let fixtures = there.fixture.iter();
        for (name, place) in fixtures.filter(|(name, _)| Some(name) == its.as_ref()) {
            let management = place.management.as_ref();
            let more = management.map_or(String::new(), |url| format!(",{url}"));
            self.add("--fixture", format!("{name}@{}{more}", place.ws));
        }
        self.given("--name", there.name.as_ref());
        if let Some(features) = &there.features {
            let names: Vec<String> = features.iter().map(ToString::to_string).collect();
            self.add("--features", names.join(","));
        }
        if there.sign {
            self.0.push("--sign".to_owned());
        }
        self.given("--patience", there.patience.as_ref());
    }

    /// What generated values follow from, where that is not as usual.
    fn of_chance(&mut self, args: &CheckArgs) {
        let usual = Chance::default();
        let running = &args.running;
        if running.values.get() != usual.runs {
            self.add("--values", running.values);
        }
        if running.seed != usual.seed {
            self.add("--seed", running.seed);
        }
        if running.repeat.get() > 1 {
            self.add("--repeat", running.repeat);
        }
    }

    fn file(&mut self, option: &str, path: Option<&Path>) {
        self.given(option, path.map(Path::display).as_ref());
    }

    fn given(&mut self, option: &str, value: Option<&impl Display>) {
        if let Some(value) = value {
            self.add(option, value);
        }
    }

    fn add(&mut self, option: &str, value: impl Display) {
        self.0.extend([option.to_owned(), value.to_string()]);
    }

    fn text(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|word| quoted(word)).collect();
        words.join(" ")
    }
}

/// A word that a POSIX shell takes as it is.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        check: CheckArgs,
    }

    /// The command for a case, and the same arguments read again.
    fn told(arguments: &[&str], target: Target, case: &str) -> String {
        let arguments = ["gatespec"].iter().chain(arguments);
        let args = Cli::try_parse_from(arguments).unwrap().check;
        let cases = conformance::case::built_in().unwrap();
        let case = cases.iter().find(|known| known.id == case).unwrap();
        command(&args, target, case)
    }

    #[test]
    fn the_targets_own_arguments_are_kept() {
        let local = told(
            &[
                "my stack.yaml",
                "--parameter",
                "A=b c",
                "--python=/p/python3",
                "--report",
                "x",
                "--case",
                "route/",
            ],
            Target::Local,
            "route/an-unknown-action-is-forbidden",
        );
        assert_eq!(
            local,
            "gatespec check 'my stack.yaml' --parameter 'A=b c' --python /p/python3 --target local \
             --case route/an-unknown-action-is-forbidden"
        );
        let endpoint = told(
            &[
                "--target=endpoint",
                "--ws=ws://h:1/s",
                "--management=http://h:2/s",
                "--fixture=probe@ws://h:3/s,http://h:4/s",
                "--fixture=sources@ws://h:5/s",
                "--patience=3",
                "--features=authorizer,limits",
                "--name=mine",
            ],
            Target::Endpoint,
            "event/a-connect-event",
        );
        assert_eq!(
            endpoint,
            "gatespec check --target endpoint --ws ws://h:1/s --management http://h:2/s \
             --fixture probe@ws://h:3/s,http://h:4/s --name mine --features authorizer,limits \
             --patience 3 --case event/a-connect-event"
        );
    }

    #[test]
    fn a_script_that_starts_the_target_is_named_instead() {
        let told = told(
            &[
                "--target=endpoint",
                "--ws=ws://h:1/s",
                "--started-by",
                "run.mjs gatespec",
            ],
            Target::Endpoint,
            "event/a-connect-event",
        );
        assert_eq!(told, "run.mjs gatespec --case event/a-connect-event");
    }

    #[test]
    fn generated_values_are_those_of_the_run() {
        let case = "template/any-text-comes-through-escaped";
        let told = told(&["--seed=7", "--values=99"], Target::Local, case);
        let expected = format!("gatespec check --target local --values 99 --seed 7 --case {case}");
        assert_eq!(told, expected);
    }

    #[test]
    fn a_shell_takes_each_word_as_it_is() {
        assert_eq!(quoted("a/b-c.d"), "a/b-c.d");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
        assert_eq!(
            quoted("connect?Connect=bare@ws://x"),
            "'connect?Connect=bare@ws://x'"
        );
    }
}
