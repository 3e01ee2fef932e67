//! A headless Chromium, driven through ChromeDriver (W3C WebDriver).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A page in a browser; both end with it.
pub struct Browser {
    driver: Child,
    session: String,
    _profile: tempfile::TempDir,
    /// A driver that nobody listens to ends.
    _said: Lines<BufReader<ChildStdout>>,
}

impl Browser {
    /// A browser with a window of some pixels.
    pub fn open([width, height]: [u32; 2]) -> Self {
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn();
        let mut driver = started
            .unwrap_or_else(|error| panic!("chromedriver: {error}; `cargo xtask test` installs it with Chromium"));
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = |line: String| line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok();
        let port = said.by_ref().map_while(Result::ok).find_map(port).expect("a port of chromedriver");
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless".into(),
            "--no-sandbox".into(),
            "--disable-gpu".into(),
            "--disable-quic".into(),
            "--no-first-run".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-sync".into(),
            "--disable-dev-shm-usage".into(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let address = format!("http://127.0.0.1:{port}/session");
        let session = post(&address, &wanted)["sessionId"].as_str().unwrap().to_owned();
        Self { driver, session: format!("{address}/{session}"), _profile: profile, _said: said }
    }

    pub fn go(&self, page: &Path) {
        self.post("url", &json!({"url": format!("file://{}", page.display())}));
    }

    /// What an expression of JavaScript, or a promise that it gives, comes to.
    pub fn value(&self, expression: &str) -> Value {
        let script = format!("const done = arguments[0]; Promise.resolve({expression}).then(done);");
        self.post("execute/async", &json!({"script": script, "args": []}))
    }

    /// Presses keys, one after the other, on whatever has the focus.
    pub fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key.to_string()})))
            .collect();
        self.act(json!({"type": "key", "id": "keyboard", "actions": strokes}));
    }

    /// Turns the wheel over a place in pixels.
    pub fn scroll(&self, [x, y]: [i64; 2], by: i64) {
        let turn = json!({"type": "scroll", "x": x, "y": y, "deltaX": 0, "deltaY": by});
        self.act(json!({"type": "wheel", "id": "wheel", "actions": [turn]}));
    }

    /// Presses a button of the mouse at one place and lets it go at another.
    pub fn drag(&self, button: u8, from: [i64; 2], to: [i64; 2]) {
        let go = |[x, y]: [i64; 2]| json!({"type": "pointerMove", "x": x, "y": y, "duration": 50});
        let actions = json!([
            go(from),
            {"type": "pointerDown", "button": button},
            go(to),
            {"type": "pointerUp", "button": button},
        ]);
        let mouse =
            json!({"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions});
        self.act(mouse);
    }

    /// The PNG of what is in the window.
    pub fn screenshot(&self) -> Vec<u8> {
        STANDARD.decode(self.get("screenshot").as_str().unwrap()).unwrap()
    }

    /// The PDF of the page in print.
    pub fn print(&self) -> Vec<u8> {
        STANDARD.decode(self.post("print", &json!({})).as_str().unwrap()).unwrap()
    }

    /// Everything in the console since the last time.
    pub fn console(&self) -> Vec<String> {
        let entries = self.post("se/log", &json!({"type": "browser"}));
        entries.as_array().unwrap().iter().map(Value::to_string).collect()
    }

    fn act(&self, source: Value) {
        self.post("actions", &json!({"actions": [source]}));
    }

    fn post(&self, what: &str, body: &Value) -> Value {
        post(&format!("{}/{what}", self.session), body)
    }

    fn get(&self, what: &str) -> Value {
        let mut response = ureq::get(format!("{}/{what}", self.session)).call().unwrap();
        response.body_mut().read_json::<Value>().unwrap()["value"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = ureq::delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn post(address: &str, body: &Value) -> Value {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut response = agent.post(address).send_json(body).unwrap();
    let value = response.body_mut().read_json::<Value>().unwrap()["value"].take();
    assert!(value.get("error").is_none(), "{address}: {value}");
    value
}
