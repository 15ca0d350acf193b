//! A worker process, seen from the runner: started, asked with a time limit, stopped while it is not its turn, ended.
//!
//! Threads of OpenBLAS, XLA and others go on spinning after a call, some of them for seconds, and would take from the
//! next arm what it needs. So a process runs from a request to its answer only: before and after it is stopped
//! (SIGSTOP), where the system can do that. Elsewhere it is waited for until its threads sleep.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde::Serialize;

use crate::outcome::{Outcome, told};
use crate::protocol::{MARK, Reply};

/// How to start a worker.
pub struct Program {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(&'static str, String)>,
}

pub struct Client {
    child: Child,
    stdin: ChildStdin,
    answers: Receiver<String>,
    stderr: PathBuf,
}

/// Why there is no answer. After that the process is gone or has to go.
pub type Reason = String;

impl Client {
    /// Standard error goes to a file, whose last line says why a worker died.
    pub fn start(program: &Program, stderr: &Path) -> Outcome<Self> {
        let file = std::fs::File::create(stderr).map_err(told)?;
        let mut child = Command::new(&program.program)
            .args(&program.arguments)
            .envs(program.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.program.display()))?;
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some(answer) = line.strip_prefix(MARK)
                    && sender.send(answer.to_owned()).is_err()
                {
                    return;
                }
            }
        });
        Ok(Self { child, stdin, answers, stderr: stderr.to_owned() })
    }

    /// A request is that of the protocol, or one like it: benches/gpu-report has workloads of its own.
    pub fn ask(&mut self, request: &impl Serialize, limit: Duration) -> Result<Reply, Reason> {
        self.go_on();
        let reply = self.talk(request, limit);
        self.stop();
        reply
    }

    fn talk(&mut self, request: &impl Serialize, limit: Duration) -> Result<Reply, Reason> {
        let text = serde_json::to_string(request).map_err(told)?;
        if writeln!(self.stdin, "{text}").and_then(|()| self.stdin.flush()).is_err() {
            return Err(self.epitaph());
        }
        let answer = match self.answers.recv_timeout(limit) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => {
                return Err(format!("no answer within {} s", limit.as_secs()));
            }
            Err(RecvTimeoutError::Disconnected) => return Err(self.epitaph()),
        };
        let reply: Reply = serde_json::from_str(&answer).map_err(told)?;
        match reply.error {
            Some(reason) => Err(reason),
            None => Ok(reply),
        }
    }

    #[cfg(unix)]
    fn go_on(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    #[cfg(unix)]
    fn stop(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    /// A process that has ended needs none.
    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let process = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(process) = process {
            let _ = rustix::process::kill_process(process, signal);
        }
    }

    #[cfg(not(unix))]
    fn go_on(&self) {}

    /// Its threads spin for a while; nobody says how long.
    #[cfg(not(unix))]
    fn stop(&self) {
        std::thread::sleep(Duration::from_millis(50));
    }

    /// How long its threads have been on a core so far.
    pub fn busy_nanoseconds(&self) -> Option<u64> {
        busy_nanoseconds(self.child.id())
    }

    fn epitaph(&mut self) -> String {
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        let stderr = std::fs::read_to_string(&self.stderr).unwrap_or_default();
        let last = stderr.lines().rev().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("note:"));
        format!("died ({status}): {}", last.unwrap_or("without a word"))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended already; either way nothing is left of it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Time on a core of all threads of a process. Linux only.
fn busy_nanoseconds(process: u32) -> Option<u64> {
    let mut total = 0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        total += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(total)
}
