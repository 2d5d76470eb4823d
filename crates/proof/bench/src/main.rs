//! What things cost: figures beside the limit of the same machine in the same run.
//!
//! Prints a JSON array of `{name, value, unit, note}` on standard output and a line each on standard
//! error. The machine's speed drifts: compare ratios, not absolute figures.

mod calls;
mod contract;
mod forwarder;
mod frames;
mod lines;
mod setup;
mod stage;
mod throughput;
mod tun;

use serde_json::json;

/// One figure.
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    note: String,
}

/// The figures so far.
#[derive(Default)]
struct Figures(Vec<Figure>);

impl Figures {
    fn put(&mut self, name: &str, value: f64, unit: &'static str, note: impl Into<String>) {
        let note = note.into();
        eprintln!("{name:<52} {value:>12.2} {unit:<10} {note}");
        self.0.push(Figure { name: name.to_owned(), value, unit, note });
    }
}

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        // The two ends of a plain TCP stream, for the runs between network namespaces.
        ["sink", port] => return tun::sink(port.parse()?),
        ["source", to, bytes] => return tun::source(to.parse()?, bytes.parse()?),
        ["forward", inside, beyond, near, far] => {
            return forwarder::forward(
                inside.parse()?,
                beyond.parse()?,
                near.parse()?,
                far.parse()?,
            );
        }
        // Some of the figures alone.
        ["tunnels", ref names @ ..] => return tun::measure(&mut Figures::default(), names),
        ["setup", count, ref names @ ..] => {
            let count = count.parse()?;
            let all = stage::Way::ALL.iter().filter(|way| {
                names.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case(way.name()))
            });
            let ways: Vec<_> = all.copied().collect();
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            return runtime.block_on(setup::measure(&mut Figures::default(), count, &ways));
        }
        ["setup-here", way, count] => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            return runtime.block_on(setup::here(way, count.parse()?));
        }
        ["rasapi", count] => {
            let count = count.parse()?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            return runtime.block_on(contract::measure(&mut Figures::default(), count));
        }
        ["lines"] => {
            lines::measure(&mut Figures::default());
            return Ok(());
        }
        _ => {}
    }
    let connections = words
        .iter()
        .position(|w| *w == "--connections")
        .and_then(|at| words.get(at + 1))
        .map_or(Ok(1000), |n| n.parse())?;
    let mut figures = Figures::default();
    frames::measure(&mut figures);
    lines::measure(&mut figures);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        stage::dials(&mut figures).await?;
        setup::measure(&mut figures, connections, &stage::Way::ALL).await?;
        throughput::measure(&mut figures).await?;
        calls::measure(&mut figures, connections).await?;
        contract::measure(&mut figures, 10 * connections).await
    })?;
    tun::measure(&mut figures, &[])?;
    let rows: Vec<_> = figures
        .0
        .iter()
        .map(|f| json!({ "name": f.name, "value": f.value, "unit": f.unit, "note": f.note }))
        .collect();
    println!("{}", serde_json::to_string_pretty(&rows)?);
    Ok(())
}
