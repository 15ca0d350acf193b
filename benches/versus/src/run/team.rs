//! The peers of a run: their processes, started when first needed and again after they had to be ended.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::client::{Client, Program, Reason};
use crate::args::Args;
use crate::outcome::{Outcome, told};
use crate::protocol::{Reply, Request};
use crate::results::PeerState;
use crate::roster::{self, Home, Known, Side};

/// Opening a device, importing a library, and compiling what they compile at first.
const START: Duration = Duration::from_secs(120);

pub struct Member {
    pub known: &'static Known,
    program: Program,
    stderr: PathBuf,
    client: Option<Client>,
    /// Not to be had in this run.
    pub missing: Option<String>,
    about: String,
}

/// Everybody whom the command line lets take part, started once to see who is there.
pub fn gather(args: &Args, folder: &Path, mut tell: impl FnMut(&str)) -> Outcome<Vec<Member>> {
    if let Some(wanted) = &args.peers
        && let Some(stranger) = wanted.iter().find(|name| roster::ALL.iter().all(|known| known.name != *name))
    {
        let names: Vec<_> = roster::ALL.iter().map(|known| known.name).collect();
        return Err(format!("there is no peer called {stranger}: {}", names.join(", ")));
    }
    let mut team = Vec::new();
    for known in &roster::ALL {
        let itself = known.is_own();
        let on_side = if known.side == Side::Cpu { args.cpu } else { args.gpu };
        let wanted = args.peers.as_ref().is_none_or(|wanted| itself || wanted.iter().any(|name| name == known.name));
        if !on_side || !wanted {
            continue;
        }
        tell(known.name);
        let mut member = Member {
            known,
            program: program(known, args)?,
            stderr: folder.join(format!("{}.stderr", known.name)),
            client: None,
            missing: None,
            about: String::new(),
        };
        // A peer that cannot start is missing, and the table says so.
        let _ = member.client();
        team.push(member);
    }
    Ok(team)
}

fn program(known: &Known, args: &Args) -> Outcome<Program> {
    if known.home == Home::Python {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/worker.py");
        return Ok(Program {
            program: args.python.clone().into(),
            arguments: vec!["-u".into(), script.display().to_string(), known.name.into()],
            // What numba compiles takes seconds and is kept for the next run.
            environment: vec![
                ("PYTHONDONTWRITEBYTECODE", "1".into()),
                ("NUMBA_CACHE_DIR", args.out.join("numba").display().to_string()),
            ],
        });
    }
    let mut arguments = vec!["--worker".into(), known.name.to_owned()];
    if let Some(adapter) = &args.adapter {
        arguments.extend(["--adapter".into(), adapter.clone()]);
    }
    Ok(Program { program: std::env::current_exe().map_err(told)?, arguments, environment: Vec::new() })
}

impl Member {
    pub fn state(&self) -> PeerState {
        let about = self.missing.clone().map_or_else(|| Ok(self.about.clone()), Err);
        PeerState { name: self.known.name.into(), what: self.known.what.into(), about }
    }

    /// Asks; after a failure that leaves the process in an unknown state it is ended, and a later call starts another.
    pub fn ask(&mut self, request: &Request, limit: Duration) -> Result<Reply, Reason> {
        let reply = self.client()?.ask(request, limit);
        if reply.is_err() {
            self.client = None;
        }
        reply
    }

    /// How long its threads have been on a core so far.
    pub fn busy_nanoseconds(&self) -> u64 {
        self.client.as_ref().and_then(Client::busy_nanoseconds).unwrap_or(0)
    }

    /// Without starting a process for it.
    pub fn release(&mut self) {
        if self.client.is_some() {
            let _ = self.ask(&Request::Release, Duration::from_secs(20));
        }
    }

    /// Ends the process, so that the next request has a fresh one.
    pub fn end(&mut self) {
        self.client = None;
    }

    fn client(&mut self) -> Result<&mut Client, Reason> {
        if let Some(reason) = &self.missing {
            return Err(reason.clone());
        }
        if self.client.is_none() {
            match self.start() {
                Ok(client) => self.client = Some(client),
                Err(reason) => {
                    self.missing = Some(reason.clone());
                    return Err(reason);
                }
            }
        }
        Ok(self.client.as_mut().expect("just started"))
    }

    fn start(&mut self) -> Result<Client, Reason> {
        let hello = || {
            let mut client = Client::start(&self.program, &self.stderr)?;
            let about = client.ask(&Request::Hello, START)?.about;
            Ok((client, about))
        };
        let (client, about) = hello().map_err(|reason: Reason| self.looked_in(reason))?;
        self.about = about;
        Ok(client)
    }

    /// A library that is missing may well be there in another Python.
    fn looked_in(&self, reason: Reason) -> Reason {
        if self.known.home != Home::Python {
            return reason;
        }
        let python = self.program.program.display();
        format!("{reason} (looked in {python}; --python or NDGPU_VERSUS_PYTHON names another)")
    }
}
