//! Rendering: our engine, minijinja with the same template, and the cost of merely reading the body
//! and writing the output. CPU time, not wall time.

mod cpu;

use bench::{Out, bodies, cases, context, renderers};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn render(criterion: &mut Criterion<cpu::CpuTime>) {
    let (context, bodies) = (context(), bodies());
    for case in cases() {
        for body in &bodies {
            let mut group =
                criterion.benchmark_group(format!("{}/{}/{}", case.name, body.script, body.size));
            group.throughput(Throughput::Bytes(body.size as u64));
            for mut subject in renderers(&case, &context, body) {
                let mut out = Out::default();
                group.bench_function(BenchmarkId::from_parameter(subject.name), |bencher| {
                    bencher.iter(|| {
                        out.clear();
                        (subject.run)(&mut out);
                        std::hint::black_box(out.as_bytes().len())
                    });
                });
            }
        }
    }
}

criterion_group! { name = benches; config = cpu::criterion(); targets = render }
criterion_main!(benches);
