//! Files on this disk, saved in the ways in which programs save.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough for what would follow a change to be seen.
const NOTHING: Duration = Duration::from_millis(400);

/// A folder, which goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("gatespec-watching-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("temporary files can be written");
        Self(fs::canonicalize(folder).expect("it is there"))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        let around = path.parent().expect("it is in a folder");
        fs::create_dir_all(around).expect("its folder can be made");
        fs::write(&path, text).expect("it can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn change(watching: &mut Watching) -> Change {
    timeout(PATIENCE, watching.changed())
        .await
        .expect("a change is seen")
}

async fn nothing(watching: &mut Watching) {
    let seen = timeout(NOTHING, watching.changed()).await;
    assert!(seen.is_err(), "{seen:?}");
}

#[tokio::test]
async fn every_way_of_saving_is_one_change() {
    let folder = Folder::new();
    let file = folder.write("src/app.mjs", "first");
    let template = folder.write("template.yaml", "first");
    let inputs = [template, folder.0.join("src")];
    let mut watching = Watching::start();
    watching.set(&inputs);
    for (input, saved) in [(&inputs[0], &inputs[0]), (&inputs[1], &file)] {
        let beside = saved.with_extension("new");
        let backup = PathBuf::from(format!("{}~", saved.display()));
        type Way<'a> = Box<dyn Fn() -> std::io::Result<()> + 'a>;
        let ways: [(&str, Way<'_>); 5] = [
            ("in place", Box::new(|| fs::write(saved, "in place"))),
            (
                "renamed over",
                Box::new(|| {
                    fs::write(&beside, "renamed")?;
                    fs::rename(&beside, saved)
                }),
            ),
            (
                "deleted and made",
                Box::new(|| {
                    fs::remove_file(saved)?;
                    std::thread::sleep(Duration::from_millis(30));
                    fs::write(saved, "made")
                }),
            ),
            (
                "as vim does",
                Box::new(|| {
                    let probe = saved.with_file_name("4913");
                    fs::write(&probe, "")?;
                    fs::remove_file(probe)?;
                    fs::rename(saved, &backup)?;
                    fs::write(saved, "vim")?;
                    fs::remove_file(&backup)
                }),
            ),
            (
                "by a link",
                Box::new(|| {
                    let target = folder.write("elsewhere/linked", "linked");
                    std::os::unix::fs::symlink(&target, &beside)?;
                    fs::rename(&beside, saved)
                }),
            ),
        ];
        for (way, save) in ways {
            let before = Instant::now();
            save().unwrap_or_else(|error| panic!("{way}: {error}"));
            let seen = change(&mut watching).await;
            assert!(seen.inputs.contains(input), "{way}: {seen:?}");
            assert!(seen.paths.contains(saved), "{way}: {seen:?}");
            assert!(seen.first >= before, "{way}");
            nothing(&mut watching).await;
        }
        // The target of the link is what is watched now.
        fs::write(saved, "through it").expect("the link leads to a file");
        assert!(change(&mut watching).await.inputs.contains(input));
        nothing(&mut watching).await;
    }
}

#[tokio::test]
async fn folders_that_are_deleted_replaced_and_new_are_watched_on() {
    let folder = Folder::new();
    folder.write("build/one/app.py", "1");
    let template = folder.write("build/template.yaml", "1");
    let inputs = [template, folder.0.join("build/one")];
    let mut watching = Watching::start();
    watching.set(&inputs);
    // As `sam build`: everything goes, and comes again.
    fs::remove_dir_all(folder.0.join("build")).expect("it is there");
    folder.write("build/one/lib/deep/app.py", "2");
    folder.write("build/template.yaml", "2");
    let seen = change(&mut watching).await;
    assert_eq!(seen.inputs.len(), 2, "{seen:?}");
    nothing(&mut watching).await;
    // As a switch of folders.
    folder.write("other/lib/deep/app.py", "3");
    fs::rename(folder.0.join("build/one"), folder.0.join("old")).expect("it is there");
    fs::rename(folder.0.join("other"), folder.0.join("build/one")).expect("it is there");
    assert!(change(&mut watching).await.inputs.contains(&inputs[1]));
    for text in ["4", "5"] {
        let saved = folder.write("build/one/lib/deep/app.py", text);
        let seen = change(&mut watching).await;
        assert!(seen.paths.contains(&saved), "{seen:?}");
    }
    nothing(&mut watching).await;
}

#[tokio::test]
async fn what_nobody_changes_is_no_change_and_what_is_linked_is() {
    let folder = Folder::new();
    let input = folder.0.join("src");
    for file in [
        "src/app.py",
        "packages/lib/index.js",
        "src/.git/HEAD",
        "src/target/x",
    ] {
        folder.write(file, "1");
    }
    folder.write("src/target/CACHEDIR.TAG", "");
    fs::create_dir_all(input.join("node_modules/@my")).expect("it can be made");
    let link = input.join("node_modules/@my/lib");
    std::os::unix::fs::symlink(folder.0.join("packages/lib"), link).expect("it can be made");
    let mut watching = Watching::start();
    watching.set(std::slice::from_ref(&input));
    for noise in [
        "src/.git/HEAD",
        "src/target/x",
        "src/__pycache__/app.pyc",
        "src/app.py~",
        "src/.app.py.swp",
        "beside.py",
    ] {
        folder.write(noise, "2");
    }
    fs::read(folder.0.join("src/app.py")).expect("it is there");
    nothing(&mut watching).await;
    for file in [
        "packages/lib/index.js",
        "src/node_modules/x/index.js",
        "src/.env",
    ] {
        let saved = folder.write(file, "2");
        let seen = change(&mut watching).await;
        let is_seen = seen.paths.iter().any(|path| saved.starts_with(path));
        assert!(is_seen && seen.inputs.contains(&input), "{file}: {seen:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_yet_is_seen_when_it_comes() {
    let folder = Folder::new();
    let input = folder.0.join("dist/src/app.js");
    let mut watching = Watching::start();
    watching.set(std::slice::from_ref(&input));
    folder.write("dist/src/app.js", "1");
    assert!(change(&mut watching).await.inputs.contains(&input));
    folder.write("dist/src/app.js", "2");
    assert!(change(&mut watching).await.paths.contains(&input));
}

#[tokio::test]
async fn only_what_was_there_is_waited_for() {
    let folder = Folder::new();
    let input = folder.write("app.mjs", "1");
    let mut watching = Watching::start();
    watching.set(&[input.clone(), folder.0.join("samconfig.toml")]);
    fs::write(&input, "2").expect("it can be written");
    let seen = change(&mut watching).await;
    assert!(
        seen.first.elapsed() < quiet::GONE,
        "{:?}",
        seen.first.elapsed()
    );
    fs::remove_file(&input).expect("it is there");
    let seen = change(&mut watching).await;
    assert!(
        seen.first.elapsed() >= quiet::GONE,
        "{:?}",
        seen.first.elapsed()
    );
    fs::write(&input, "3").expect("it can be written");
    let seen = change(&mut watching).await;
    assert!(
        seen.first.elapsed() < quiet::GONE,
        "{:?}",
        seen.first.elapsed()
    );
}

#[tokio::test]
async fn where_the_system_watches_no_more_the_files_are_looked_at() {
    let folder = Folder::new();
    let file = folder.write("src/app.mjs", "1");
    let mut watching = Watching::start();
    watching.set(&[folder.0.join("src")]);
    watching.poll(&notify::Error::new(ErrorKind::MaxFilesWatch));
    let complaint = watching.complaint().expect("a person is told");
    assert!(
        complaint.contains("sysctl fs.inotify.max_user_watches="),
        "{complaint}"
    );
    assert_eq!(watching.complaint(), None);
    fs::write(&file, "longer").expect("it can be written");
    assert!(change(&mut watching).await.paths.contains(&file));
    fs::remove_file(&file).expect("it is there");
    assert!(change(&mut watching).await.paths.contains(&file));
}
