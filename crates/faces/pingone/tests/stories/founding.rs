//! The founding requests as their documentation spells them, run by the tools themselves against a real listener.
//!
//! Only the variables are replaced. The packages that they name are the published ones; `cargo xtask test` installs them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use adieu_face_pingone::{Settings, service};
use adieu_testkit::World;
use tower::make::Shared;

use crate::house::{ALICE, Door, Held, settings};

const CURL: [&str; 3] = [
    "curl --location --globoff '{{authPath}}/{{envID}}/as/signoff' \\\n--header 'Cookie: {{sessionToken}}'",
    "curl --location --globoff --request POST '{{apiPath}}/environments/{{envID}}/sessions/{{sessionID}}' \\\n\
     --header 'Content-Type: application/vnd.pingidentity.sso.session.logout' \\\n\
     --header 'Authorization: Bearer {{accessToken}}'",
    "curl --location --globoff --request DELETE '{{apiPath}}/environments/{{envID}}/users/{{userID}}/sessions/{{sessionID}}' \\\n\
     --header 'Authorization: Bearer {{accessToken}}'",
];

const PYTHON: [&str; 3] = [
    "import requests\n\nurl = \"{{authPath}}/{{envID}}/as/signoff\"\n\npayload = {}\n\
     headers = {\n  'Cookie': '{{sessionToken}}'\n}\n\n\
     response = requests.request(\"GET\", url, headers=headers, data=payload)\n",
    "import requests\n\nurl = \"{{apiPath}}/environments/{{envID}}/sessions/{{sessionID}}\"\n\npayload = {}\n\
     headers = {\n  'Content-Type': 'application/vnd.pingidentity.sso.session.logout',\n  'Authorization': 'Bearer {{accessToken}}'\n}\n\n\
     response = requests.request(\"POST\", url, headers=headers, data=payload)\n",
    "import requests\n\nurl = \"{{apiPath}}/environments/{{envID}}/users/{{userID}}/sessions/{{sessionID}}\"\n\npayload = {}\n\
     headers = {\n  'Authorization': 'Bearer {{accessToken}}'\n}\n\n\
     response = requests.request(\"DELETE\", url, headers=headers, data=payload)\n",
];

const NODE: [&str; 3] = [
    "var request = require('request');\nvar options = {\n  'method': 'GET',\n  'url': '{{authPath}}/{{envID}}/as/signoff',\n\
     \x20 'headers': {\n    'Cookie': '{{sessionToken}}'\n  }\n};\n\
     request(options, function (error, response) {\n  if (error) throw new Error(error);\n  console.log(response.body);\n});\n",
    "var request = require('request');\nvar options = {\n  'method': 'POST',\n  'url': '{{apiPath}}/environments/{{envID}}/sessions/{{sessionID}}',\n\
     \x20 'headers': {\n    'Content-Type': 'application/vnd.pingidentity.sso.session.logout',\n    'Authorization': 'Bearer {{accessToken}}'\n  }\n};\n\
     request(options, function (error, response) {\n  if (error) throw new Error(error);\n  console.log(response.body);\n});\n",
    "var request = require('request');\nvar options = {\n  'method': 'DELETE',\n  'url': '{{apiPath}}/environments/{{envID}}/users/{{userID}}/sessions/{{sessionID}}',\n\
     \x20 'headers': {\n    'Authorization': 'Bearer {{accessToken}}'\n  }\n};\n\
     request(options, function (error, response) {\n  if (error) throw new Error(error);\n  console.log(response.body);\n});\n",
];

/// Loaded before a Node sample, which prints bodies only: says at the end which statuses were seen.
const NODE_STATUSES: &str = r#"
const http = require('http');
const plain = http.request;
const seen = [];
http.request = function (...all) {
  const sent = plain.apply(this, all);
  sent.on('response', (response) => seen.push(response.statusCode));
  return sent;
};
process.on('exit', () => console.log('\nstatuses ' + seen.join(' ')));
"#;

/// A door behind a real listener, on one address.
pub(crate) async fn listening() -> (Door, SocketAddr) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let base = format!("http://{address}");
    let settings = Settings {
        auth_base: base.clone(),
        api_base: base.clone(),
        apps_base: base,
        cookies_secure: false,
        own_bases: std::collections::BTreeMap::new(),
        ..settings()
    };
    let world = World::start().await;
    let service = service(world.authority().clone(), settings);
    let served = service.clone();
    tokio::spawn(async move { axum::serve(listener, Shared::new(served)).await });
    (Door { world, service }, address)
}

fn filled(door: &Door, address: SocketAddr, held: &Held, worker: &str, sample: &str) -> String {
    let values = [
        ("{{authPath}}", format!("http://{address}")),
        ("{{apiPath}}", format!("http://{address}/v1")),
        ("{{envID}}", door.env()),
        ("{{userID}}", door.world.cast.alice.id.to_string()),
        ("{{sessionID}}", held.sid.clone()),
        ("{{sessionToken}}", format!("ST={}", held.st)),
        ("{{accessToken}}", worker.to_owned()),
    ];
    values.iter().fold(sample.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// Runs a program and gives its last line. A program or package that is missing fails the test: it is installed by
/// `cargo xtask test`.
async fn last_line(program: &'static str, arguments: Vec<String>, folder: &Path) -> String {
    let folder = folder.to_owned();
    let run = move || {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&folder).env("CURL_HOME", &folder).env("NO_PROXY", "*");
        command.env("PYTHONPATH", clients().join("python")).env("NODE_PATH", clients().join("node_modules"));
        command.output()
    };
    let output = tokio::task::spawn_blocking(run).await.expect("no panic");
    let output =
        output.unwrap_or_else(|error| panic!("{program} is missing ({error}): run `cargo xtask test`"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} (packages come with `cargo xtask test`): {err}");
    out.lines().last().unwrap_or_default().to_owned()
}

/// Where the published packages lie.
pub(crate) fn clients() -> PathBuf {
    let installed = std::env::var_os("TEST_CLIENTS").map(PathBuf::from);
    installed.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/clients"))
}

/// P-37: curl, Python and Node, each of the three requests: 302 and then 200, 204, 204; and each session is over.
#[tokio::test]
async fn the_founding_requests_run_as_written() {
    let (door, address) = listening().await;
    let worker = door.worker().await;
    let folder = door.world.folder().join("samples");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("statuses.js"), NODE_STATUSES).expect("a file");
    let curlrc = "silent\nwrite-out = \"\\nstatuses %{num_redirects} %{http_code}\\n\"\n";
    std::fs::write(folder.join(".curlrc"), curlrc).expect("a file");
    let python_end =
        "print(response.text)\nprint('statuses', *[r.status_code for r in response.history + [response]])\n";
    let ways = [
        ("sh", "-c", CURL, "", ["1 200", "0 204", "0 204"]),
        ("python3", "-c", PYTHON, python_end, ["302 200", "204", "204"]),
        ("node", "-e", NODE, "", ["302 200", "204", "204"]),
    ];
    for (program, flag, samples, end, expected) in ways {
        for (sample, expected) in samples.iter().zip(expected) {
            let held = door.sign_on(ALICE).await;
            door.assert_live(&held).await;
            let text = filled(&door, address, &held, &worker, sample) + end;
            let mut arguments = vec![flag.to_owned(), text];
            if program == "node" {
                arguments.splice(0..0, ["-r".to_owned(), "./statuses.js".to_owned()]);
            }
            let line = last_line(program, arguments, &folder).await;
            assert_eq!(line.strip_prefix("statuses "), Some(expected), "{program}: {sample}");
            assert!(!door.is_signed_on(&held.st).await, "{program}: {sample}");
        }
    }
}
