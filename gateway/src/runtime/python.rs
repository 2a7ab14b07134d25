//! `python3.6` to `python3.14`, on the Python of this machine: by AWS's own runtime where that is
//! installed (`awslambdaric`), else by a small one of ours with the same forms
//! (`python/bootstrap.py`; `.ci/runtimes/python.py` holds it to AWS's).

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use stack::Function;
use tokio::process::Command;
use tokio::time::timeout;

use super::asked::{Found, Question};
use super::others::Other;
use super::{Missing, Package, Preparing, Program, Runtime, Tools, unbuilt};

/// Runs a module's function in an interpreter.
pub(super) struct Python;

/// Why a program is no interpreter.
#[derive(Debug)]
enum Useless {
    /// It cannot be started, or is no Python.
    NoPython(String),
    TooOld(u32, u32),
}

const IDENTIFIERS: [&str; 9] = [
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
];
const BOOTSTRAP: &str = include_str!("python/bootstrap.py");
const PROBE: &str = include_str!("python/probe.py");
/// The oldest that the bootstrap runs on.
const OLDEST: (u32, u32) = (3, 8);
/// How long an interpreter may take to say what it is, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// How far above the code a virtual environment may be: a project's is beside its template.
const LEVELS: usize = 4;

impl Runtime for Python {
    fn identifiers(&self) -> &'static [&'static str] {
        &IDENTIFIERS
    }

    fn needs_build(&self, _: &Function, _: &Package) -> bool {
        false
    }

    fn prepare<'a>(
        &'a self,
        function: &'a Function,
        package: &'a Package,
        _: Option<&'a Path>,
        tools: &'a Tools,
    ) -> Preparing<'a> {
        Box::pin(prepare(function, package, tools))
    }
}

async fn prepare(
    function: &Function,
    package: &Package,
    tools: &Tools,
) -> Result<Program, Missing> {
    if !package.root.is_dir() {
        return Err(unbuilt::no_folder(function));
    }
    let files = tools.files(
        "python",
        &[("bootstrap.py", BOOTSTRAP), ("probe.py", PROBE)],
    )?;
    let modules = module_folders(function, package);
    let probe = files.join("probe.py");
    let found = find(function, tools, package, &probe, &modules).await?;
    check(&found, function, &package.named)?;
    let (major, minor, _) = found.version;
    if function.runtime != format!("python{major}.{minor}") {
        let said = ("Python", &*format!("{major}.{minor}"));
        let other = Other::new(&function.runtime, said, &found.executable, "--python");
        tools.others.note(other, &function.logical_id);
    }
    Ok(program(function, &found, package, &files, &modules))
}

fn program(
    function: &Function,
    found: &Found,
    package: &Package,
    files: &Path,
    modules: &[PathBuf],
) -> Program {
    let executable = found.executable.clone().into_os_string();
    let argv = match found.awslambdaric {
        true => vec![
            executable,
            "-m".into(),
            "awslambdaric".into(),
            function.handler.clone().into(),
        ],
        false => vec![executable, files.join("bootstrap.py").into()],
    };
    let execution = format!("AWS_Lambda_{}", function.runtime);
    let mut env: Vec<(OsString, OsString)> = vec![
        ("AWS_EXECUTION_ENV".into(), execution.into()),
        ("LAMBDA_RUNTIME_DIR".into(), files.into()),
    ];
    if let Ok(path) = std::env::join_paths(modules)
        && !modules.is_empty()
    {
        env.push(("PYTHONPATH".into(), path));
    }
    Program {
        argv,
        cwd: package.root.clone(),
        task_root: package.root.clone(),
        env,
        code: package.sources.clone(),
        is_preloaded: true,
    }
}

/// Where the modules of layers are, as Lambda's `sys.path` has them below `/opt`.
fn module_folders(function: &Function, package: &Package) -> Vec<PathBuf> {
    let packages = format!("python/lib/{}/site-packages", function.runtime);
    let folders = [&*packages, "python"].into_iter();
    folders.filter_map(|path| package.of_layers(path)).collect()
}

/// The first interpreter that can be used.
async fn find(
    function: &Function,
    tools: &Tools,
    package: &Package,
    probe: &Path,
    modules: &[PathBuf],
) -> Result<Found, Missing> {
    let candidates = match tools.python() {
        Some(given) => vec![given.to_owned()],
        None => {
            // A zip's is beside the zip.
            candidates(
                &function.runtime,
                &package.named,
                std::env::var_os("VIRTUAL_ENV"),
            )
        }
    };
    let question = Question::new(&candidates, &package.root, modules);
    if let Some(found) = tools.pythons.answer(&question) {
        return Ok(found);
    }
    let mut old = None;
    let mut refusal = None;
    for candidate in candidates {
        match ask(&candidate, &package.root, probe, modules).await {
            Ok(found) => {
                tools.pythons.note(question, &found);
                return Ok(found);
            }
            Err(Useless::TooOld(major, minor)) => {
                old = old.or(Some((candidate, format!("it is Python {major}.{minor}"))));
            }
            Err(Useless::NoPython(problem)) => refusal = Some((candidate, problem)),
        }
    }
    let (program, problem) = old
        .or(refusal)
        .unwrap_or_else(|| ("python3".into(), "there is none".to_owned()));
    let (major, minor) = OLDEST;
    Err(Missing::Interpreter {
        program,
        problem,
        help: format!(
            "install Python {major}.{minor} or newer, best the one that the template names \
             (`{}`), or name it with `--python PATH`",
            function.runtime
        ),
    })
}

/// Where an interpreter may be: a virtual environment beside the code or above it, the one that is
/// active, the very version, any.
fn candidates(runtime: &str, root: &Path, active: Option<OsString>) -> Vec<PathBuf> {
    let beside = root
        .ancestors()
        .take(LEVELS)
        .map(|folder| folder.join(".venv"));
    let environments = beside.chain(active.map(PathBuf::from));
    let environments = environments.map(|environment| environment.join("bin/python"));
    let mut all: Vec<PathBuf> = environments.filter(|python| python.exists()).collect();
    all.extend([runtime, "python3", "python"].map(PathBuf::from));
    all
}

/// What an interpreter is, and what it has of what the code needs.
async fn ask(
    program: &Path,
    root: &Path,
    probe: &Path,
    modules: &[PathBuf],
) -> Result<Found, Useless> {
    let output = Command::new(program)
        .arg(probe)
        .arg(root)
        .args(modules)
        .env_remove("PYTHONPATH")
        .env_remove("PYTHONHOME")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = match timeout(PATIENCE, output).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(Useless::NoPython(error.to_string())),
        Err(_) => return Err(Useless::NoPython("it does not say its version".to_owned())),
    };
    let Ok(found) = serde_json::from_slice::<Found>(&output.stdout) else {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().last().unwrap_or("it is no Python");
        return Err(Useless::NoPython(said.trim().to_owned()));
    };
    let (major, minor, _) = found.version;
    match (major, minor) < OLDEST {
        true => Err(Useless::TooOld(major, minor)),
        false => Ok(found),
    }
}

/// Whether the code's packages are there.
fn check(found: &Found, function: &Function, named: &Path) -> Result<(), Missing> {
    let folder = function.code.directory.display();
    let is_zip = named.is_file();
    // What is installed beside a zip is found, too.
    let beside = match is_zip {
        true => named.parent().unwrap_or(named),
        false => named,
    };
    let names = |names: &[String]| format!("`{}`", names.join("`, `"));
    if !found.missing.is_empty() {
        return Err(Missing::NotBuilt {
            problem: format!(
                "{} of `{folder}/requirements.txt` cannot be imported by `{}`",
                names(&found.missing),
                found.executable.display()
            ),
            command: match is_zip {
                true => {
                    "`pip install -r requirements.txt -t .` in the folder that the zip is made \
                         from, and make it anew"
                        .to_owned()
                }
                false => format!(
                    "`{}`, or `sam build` and serve `.aws-sam/build/template.yaml`",
                    install(
                        found,
                        beside,
                        &format!("-r {}", quoted(&named.join("requirements.txt")))
                    )
                ),
            },
        });
    }
    if !found.brought.is_empty() {
        return Err(Missing::NotBuilt {
            problem: format!(
                "its code imports {}, which Lambda's Python brings along and `{}` does not have",
                names(&found.brought),
                found.executable.display()
            ),
            command: format!("`{}`", install(found, beside, "boto3")),
        });
    }
    Ok(())
}

/// The command that installs packages where the function finds them: into the virtual environment
/// that is used, or into a new one beside the code.
fn install(found: &Found, root: &Path, what: &str) -> String {
    let folder = found.executable.parent().unwrap_or(root);
    let is_environment = folder
        .parent()
        .is_some_and(|environment| environment.join("pyvenv.cfg").is_file());
    let python = quoted(&found.executable);
    match is_environment {
        true => format!("{python} -m pip install {what}"),
        false => {
            let environment = root.join(".venv");
            let own = quoted(&environment.join("bin/pip"));
            let environment = quoted(&environment);
            format!("{python} -m venv {environment} && {own} install {what}")
        }
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:".contains(c);
    match text.chars().all(is_plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_beside_the_code_comes_first_and_the_very_version_before_any() {
        let folder = std::env::temp_dir().join(format!("gatespec-venv-{}", std::process::id()));
        let code = folder.join("src/handlers");
        let names = |active: Option<&str>| {
            let all = candidates("python3.12", &code, active.map(OsString::from));
            let text = |path: PathBuf| path.display().to_string();
            let texts: Vec<String> = all.into_iter().map(text).collect();
            texts.join(" ").replace(&folder.display().to_string(), "F")
        };
        std::fs::create_dir_all(&code).unwrap();
        let any = "python3.12 python3 python";
        assert_eq!(names(None), any);
        let python = |environment: &str| {
            let bin = folder.join(environment).join("bin");
            std::fs::create_dir_all(&bin).unwrap();
            std::fs::write(bin.join("python"), "").unwrap();
        };
        python("active");
        let active = folder.join("active").display().to_string();
        assert_eq!(names(Some(&active)), format!("F/active/bin/python {any}"));
        python(".venv");
        let expected = format!("F/.venv/bin/python F/active/bin/python {any}");
        assert_eq!(names(Some(&active)), expected);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_path_stays_one_word() {
        assert_eq!(quoted(Path::new("/a/b-1.0/c")), "/a/b-1.0/c");
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
