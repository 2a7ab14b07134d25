//! Stacks that cases run on instead of the pattern's: `conformance/fixtures/*.yaml`, each for what the pattern has not. They need no
//! functions: their integrations are mocks that answer the sender.

const TEMPLATES: [(&str, &str); 2] = [
    ("models", include_str!("../fixtures/models.yaml")),
    ("throttling", include_str!("../fixtures/throttling.yaml")),
];

/// The template of a fixture.
pub fn template(name: &str) -> Option<&'static str> {
    TEMPLATES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}
