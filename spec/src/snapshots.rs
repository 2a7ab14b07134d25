//! Where this crate's snapshots go, and what stands above each.

/// Settings that put a snapshot into `snapshots/{area}/` at the top of the repository, under its
/// own name, with a description.
pub(crate) fn page(area: &str, description: &str) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("../../snapshots/{area}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(description);
    settings
}
