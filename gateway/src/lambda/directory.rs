//! The functions of what is served, by the names that Lambda's Invoke API takes.

use stack::{Assembly, Function};

use crate::build::Programs;

/// The functions of a stack that can be called, and those that cannot.
#[derive(Default)]
pub(super) struct Directory(Vec<(Names, Result<(), String>)>);

/// The names of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Names {
    arn: String,
    name: String,
    /// SAM's `start-lambda` takes it, too: with the path of a nested stack, or without.
    logical_id: String,
    /// What may stand behind one of them: versions and aliases.
    qualifiers: Vec<String>,
    id_in_its_stack: String,
}

/// Why a function cannot be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Uncallable {
    /// There is none of this name, or no such version or alias of it.
    Unknown,
    /// The stack has it, and it cannot be run here.
    NotRun(String),
    /// It works on as many events as its `ReservedConcurrentExecutions`.
    Throttled,
}

impl Directory {
    pub(super) fn new(stack: &Assembly, programs: &Programs) -> Self {
        let entry = |function: &Function| {
            let missing = programs.missing.get(&function.logical_id);
            let can_run = missing.map_or(Ok(()), |why| Err(why.reason.clone()));
            (Names::of(function), can_run)
        };
        Self(stack.functions().iter().map(entry).collect())
    }

    /// The ARN of the function that is meant.
    pub(super) fn arn_of(&self, named: &str) -> Option<&str> {
        self.find(named).map(|(names, _)| &*names.arn)
    }

    /// The ARN of the function that is to be called.
    ///
    /// # Errors
    /// It cannot be.
    pub(super) fn callable(&self, named: &str) -> Result<&str, Uncallable> {
        match self.find(named) {
            None => Err(Uncallable::Unknown),
            Some((_, Err(reason))) => Err(Uncallable::NotRun(reason.clone())),
            Some((names, Ok(()))) => Ok(&names.arn),
        }
    }

    fn find(&self, named: &str) -> Option<&(Names, Result<(), String>)> {
        let all = || self.0.iter();
        let own = all().find_map(|one| Some((one, one.0.qualifier(named)?)));
        // Only then: it may be the name of another function.
        let by_id = |id: fn(&Names) -> &str| {
            all().find_map(|one| Some((one, qualifier(named, id(&one.0))?)))
        };
        let (found, qualifier) = own
            .or_else(|| by_id(|names| &names.logical_id))
            .or_else(|| by_id(|names| &names.id_in_its_stack))?;
        let known = &found.0.qualifiers;
        let is_known =
            ["", "$LATEST"].contains(&qualifier) || known.iter().any(|known| known == qualifier);
        is_known.then_some(found)
    }
}

impl Names {
    fn of(function: &Function) -> Self {
        Self {
            arn: function.arn.clone(),
            name: function.name.clone(),
            logical_id: function.logical_id.clone(),
            qualifiers: function.qualifiers.clone(),
            id_in_its_stack: function.id_in_its_stack().to_owned(),
        }
    }

    /// The qualifier behind one that Lambda knows, if that is meant: a name, an ARN, or an ARN from
    /// its account on. Empty if there is none.
    fn qualifier<'n>(&self, named: &'n str) -> Option<&'n str> {
        let partial = self.arn.splitn(5, ':').last().unwrap_or_default();
        [&*self.name, &self.arn, partial]
            .into_iter()
            .find_map(|whole| qualifier(named, whole))
    }
}

/// What stands behind `whole`, if that is what is named.
fn qualifier<'n>(named: &'n str, whole: &str) -> Option<&'n str> {
    match named.strip_prefix(whole)? {
        "" => Some(""),
        rest => rest.strip_prefix(':'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_before_the_logical_id_of_another_function() {
        let entry = |logical_id: &str, name: &str| {
            let (_, id) = logical_id.rsplit_once('/').unwrap_or(("", logical_id));
            let names = Names {
                arn: format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}"),
                name: name.to_owned(),
                logical_id: logical_id.to_owned(),
                qualifiers: vec!["1".to_owned(), "live".to_owned()],
                id_in_its_stack: id.to_owned(),
            };
            (names, Ok(()))
        };
        let directory = Directory(vec![
            entry("Nested/Second", "third"),
            entry("Nested/Third", "fourth"),
            entry("Worker", "first"),
            entry("Second", "Worker"),
        ]);
        for (named, name) in [
            ("Worker", "Worker"),
            ("Worker:live", "Worker"),
            ("123456789012:function:Worker", "Worker"),
            ("first", "first"),
            ("Second", "Worker"),
            ("Second:1", "Worker"),
            ("Nested/Second", "third"),
            ("Third", "fourth"),
        ] {
            let arn = format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}");
            assert_eq!(directory.arn_of(named), Some(&*arn), "{named}");
        }
        assert_eq!(
            directory.arn_of("Worker:$LATEST"),
            directory.arn_of("Worker")
        );
        for named in ["Worker:2", "first:dead", "first:live:live"] {
            assert_eq!(directory.arn_of(named), None, "{named}");
        }
        assert_eq!(directory.arn_of("Work"), None);
    }
}
