//! A worker process, seen from the runner: started, asked with a time limit, waited for until it sleeps, ended.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::data::{Outcome, told};
use crate::protocol::{MARK, Reply, Request};

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

    pub fn ask(&mut self, request: &Request, limit: Duration) -> Result<Reply, Reason> {
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

    /// Waits until its threads have stopped spinning, so that they take nothing from the next arm; a second at most.
    /// Where the system does not tell, a fixed pause.
    pub fn wait_until_asleep(&self) {
        let Some(mut before) = busy_nanoseconds(self.child.id()) else {
            return std::thread::sleep(Duration::from_millis(50));
        };
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(2));
            let now = busy_nanoseconds(self.child.id()).unwrap_or(before).max(before);
            // A tenth of one core.
            if now - before < 200_000 {
                return;
            }
            before = now;
        }
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
