//! Sequences of saves, in each of the ways in which editors save, against what is read of the files.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const MS: Duration = Duration::from_millis(1);

fn path(name: &str) -> PathBuf {
    PathBuf::from("/code").join(name)
}

/// A disk of named files, what a watcher sees of it, and what was read of it last.
#[derive(Default)]
struct World {
    now: Duration,
    quiet: Quiet,
    files: BTreeMap<PathBuf, String>,
    served: BTreeMap<PathBuf, String>,
    /// When each change was taken.
    taken: Vec<Duration>,
    /// When something that nobody has read was seen first.
    unread: Option<Duration>,
}

/// One thing that happens to a file.
#[derive(Clone, Debug)]
enum Step {
    Make,
    Write(String),
    Close,
    MoveHere(String),
    Remove,
    Wait(u64),
}

impl World {
    fn step(&mut self, file: &str, step: &Step) {
        let file = path(file);
        let sight = match step {
            Step::Wait(millis) => return self.wait(MS * u32::try_from(*millis).unwrap_or(1)),
            Step::Make => {
                self.files.insert(file.clone(), String::new());
                Sight::Made
            }
            Step::Write(text) => {
                self.files.insert(file.clone(), text.clone());
                Sight::Written
            }
            Step::Close => Sight::Closed,
            Step::MoveHere(text) => {
                self.files.insert(file.clone(), text.clone());
                Sight::Whole
            }
            Step::Remove => {
                self.files.remove(&file);
                Sight::Gone
            }
        };
        self.quiet.is_missing = !self.files.contains_key(&path("template.yaml"));
        self.unread.get_or_insert(self.now);
        self.quiet.saw(self.now, file, sight, [0]);
    }

    /// Time passes, and what is due is taken: whoever takes it reads the files.
    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.quiet.due().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            if self.quiet.take(self.now).is_some() {
                self.served = self.files.clone();
                self.taken.push(self.now);
            }
            self.unread = None;
        }
        self.now = until;
    }
}

/// The ways in which programs save, by their names.
fn ways(text: &str) -> [(&'static str, Vec<Step>); 6] {
    let write = || Step::Write(text.to_owned());
    [
        ("in place", vec![write(), Step::Close]),
        (
            "truncated",
            vec![
                Step::Write(String::new()),
                Step::Wait(1),
                write(),
                Step::Close,
            ],
        ),
        ("renamed over", vec![Step::MoveHere(text.to_owned())]),
        (
            "deleted and made",
            vec![
                Step::Remove,
                Step::Wait(3),
                Step::Make,
                write(),
                Step::Close,
            ],
        ),
        (
            "as vim does",
            vec![Step::Remove, Step::Make, write(), write(), Step::Close],
        ),
        (
            "in pieces",
            vec![
                Step::Write("half".to_owned()),
                Step::Wait(20),
                write(),
                Step::Close,
            ],
        ),
    ]
}

fn world() -> World {
    let mut world = World::default();
    for file in ["template.yaml", "app.mjs", "lib.mjs"] {
        world.files.insert(path(file), "first".to_owned());
    }
    world.served = world.files.clone();
    world
}

#[test]
fn one_save_is_one_change_taken_fast_and_whole() {
    for (way, steps) in ways("saved") {
        let mut world = world();
        steps.iter().for_each(|step| world.step("app.mjs", step));
        let saved = world.now;
        world.wait(Duration::from_secs(5));
        let [taken] = world.taken[..] else {
            panic!("{way}: {:?}", world.taken);
        };
        assert_eq!(taken - saved, SAVED, "{way}");
        assert_eq!(world.served, world.files, "{way}");
    }
}

#[test]
fn a_storm_is_one_change_and_so_is_a_build_that_deletes_what_it_makes() {
    let mut world = world();
    for number in 0..500 {
        let file = format!("{number}.mjs");
        for step in [Step::Make, Step::Close, Step::Wait(15)] {
            world.step(&file, &step);
        }
    }
    world.wait(STORM);
    // The first files may be a save; what follows is the storm.
    assert!(world.taken.len() <= 2 * FEW, "{:?}", world.taken);
    let before = world.taken.len();
    world.step("template.yaml", &Step::Remove);
    world.wait(MS * 900);
    world.step("template.yaml", &Step::MoveHere("built".to_owned()));
    world.wait(GONE);
    assert_eq!(world.taken.len(), before + 1);
    assert_eq!(world.served, world.files);
}

#[test]
fn what_came_and_went_is_no_change_and_a_look_neither() {
    let mut world = world();
    world.step("temporary", &Step::Make);
    world.step("temporary", &Step::Remove);
    world.step("app.mjs", &Step::Close);
    world.wait(GONE);
    assert!(world.taken.is_empty(), "{:?}", world.taken);
    world.step("app.mjs", &Step::Remove);
    world.wait(GONE);
    assert_eq!(world.taken.len(), 1);
}

#[test]
fn who_saves_without_an_end_is_served_all_the_same() {
    let mut world = world();
    for number in 0..400 {
        world.step("app.mjs", &Step::Write(number.to_string()));
        world.step("app.mjs", &Step::Close);
        world.wait(MS * 5);
    }
    let gaps = world.taken.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(world.taken.len() >= 2_000 / 260, "{:?}", world.taken);
    assert!(gaps.max() <= Some(MOST + SAVED), "{:?}", world.taken);
}

fn save() -> impl Strategy<Value = (&'static str, Vec<Step>, u64)> {
    let file = prop::sample::select(vec!["template.yaml", "app.mjs", "lib.mjs", "new.mjs"]);
    let pause = prop_oneof![0..5_u64, 0..50_u64, 200..2_000_u64];
    (file, "[a-z]{1,8}", 0..6_usize, pause).prop_map(|(file, text, way, pause)| {
        let steps = ways(&text).into_iter().nth(way);
        (
            file,
            steps.map(|(_, steps)| steps).unwrap_or_default(),
            pause,
        )
    })
}

proptest! {
    #[test]
    fn what_was_saved_last_is_what_is_served(saves in prop::collection::vec(save(), 1..40)) {
        let mut world = world();
        for (file, steps, pause) in saves {
            for step in steps {
                world.step(file, &step);
                let since = world.unread.map(|unread| world.now - unread);
                prop_assert!(since.is_none_or(|since| since <= MOST_OF_STORM), "{since:?}");
            }
            world.wait(MS * u32::try_from(pause).unwrap_or(1));
        }
        world.wait(GONE);
        prop_assert_eq!(&world.served, &world.files);
        prop_assert_eq!(world.quiet.due(), None);
    }
}
