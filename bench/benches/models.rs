//! Models: our validator and the crate `jsonschema` on the messages of the kit's cases. CPU time,
//! not wall time.

mod cpu;

use bench::{Judge, judges};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

fn models(criterion: &mut Criterion<cpu::CpuTime>) {
    let mut group = criterion.benchmark_group("models");
    for Judge { name, judge } in judges() {
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(&judge);
        });
    }
}

criterion_group! { name = benches; config = cpu::criterion(); targets = models }
criterion_main!(benches);
