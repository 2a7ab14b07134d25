//! Escaping alone: `escape_java_script` compared with escaping for JSON only. CPU time, not wall
//! time.

mod cpu;

use bench::{Out, bodies, escapers};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn escape(criterion: &mut Criterion<cpu::CpuTime>) {
    for body in bodies() {
        let mut group = criterion.benchmark_group(format!("escape/{}/{}", body.script, body.size));
        group.throughput(Throughput::Bytes(body.size as u64));
        for mut subject in escapers(&body) {
            let mut out = Out::default();
            group.bench_function(BenchmarkId::from_parameter(subject.name), |bencher| {
                bencher.iter(|| {
                    (subject.run)(&mut out);
                    std::hint::black_box(out.as_bytes().len())
                });
            });
        }
    }
}

criterion_group! { name = benches; config = cpu::criterion(); targets = escape }
criterion_main!(benches);
