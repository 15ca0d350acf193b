//! The command line.

use std::path::PathBuf;

use crate::outcome::Outcome;

pub const HELP: &str = "\
gpu-report [OPTION]...

Measures what ndgpu does on a GPU, and writes report.md, report.json and charts.

  --out DIR          where to (gpu-report in the working directory)
  --pack DIR         where tests, their data, peers and predictions are (the folder above the program's)
  --adapter NAME     part of the name of the adapter; else NDGPU_DEVICE, else hardware, else a software rasteriser
  --python PROGRAM   the interpreter in which CuPy, PyTorch, JAX and NumPy are looked for (python3)
  --sections A,B     only these: facts, ceilings, workloads, transfers, overheads, peers, tests
";

#[derive(Clone, Default)]
pub struct Args {
    pub help: bool,
    pub out: PathBuf,
    pub pack: PathBuf,
    pub adapter: Option<String>,
    pub python: String,
    pub sections: Option<Vec<String>>,
    /// This process is one section.
    pub section: Option<String>,
    /// How long a section has, in seconds.
    pub seconds: Option<f64>,
}

impl Args {
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut args =
            Self { out: "gpu-report".into(), pack: beside_program(), python: "python3".into(), ..Self::default() };
        while let Some(argument) = arguments.next() {
            if matches!(argument.as_str(), "--help" | "-h") {
                args.help = true;
                continue;
            }
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--out" => args.out = value()?.into(),
                "--pack" => args.pack = value()?.into(),
                "--adapter" => args.adapter = Some(value()?),
                "--python" => args.python = value()?,
                "--sections" => args.sections = Some(value()?.split(',').map(|name| name.trim().to_owned()).collect()),
                "--section" => args.section = Some(value()?),
                "--seconds" => {
                    let text = value()?;
                    let seconds = text.parse().map_err(|_| format!("--seconds takes a number, not {text}"))?;
                    args.seconds = Some(seconds);
                }
                _ => return Err(format!("{argument} is not known; --help says what is")),
            }
        }
        Ok(args)
    }
}

/// A pack has the program in `bin/`.
fn beside_program() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.parent().and_then(|bin| bin.parent()).map(Into::into).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Args;

    #[test]
    fn options_are_read_and_others_refused() {
        let parse = |text: &str| Args::parse(text.split_whitespace().map(str::to_owned));
        let args = parse("--out there --sections facts,tests --adapter H100").unwrap();
        assert_eq!(args.out.to_str(), Some("there"));
        assert_eq!(args.sections.unwrap(), ["facts", "tests"]);
        assert_eq!(args.adapter.as_deref(), Some("H100"));
        assert!(parse("--nothing").is_err());
        assert!(parse("--out").is_err());
        assert!(parse("--seconds soon").is_err());
    }
}
