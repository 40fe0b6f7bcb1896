//! The founding requests as their documentation spells them, run by the tools themselves against a real listener.
//!
//! Only the variables are replaced. The samples stand in `clients/founding`; the packages that they name are the published
//! ones, installed by `cargo xtask test`.

use std::convert::identity;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use adieu_face_pingone::{Settings, service};
use adieu_testkit::World;
use axum::response::Response;
use tower::ServiceExt;
use tower::make::Shared;

use crate::fixture::{ALICE, FaceFixture, Held, settings};

/// How a language runs a text.
struct Language {
    ending: &'static str,
    program: &'static str,
    /// The words before the name of the file.
    words: Vec<String>,
    /// What makes a program of a sample that is a part of one.
    whole: fn(String) -> String,
    /// Whether its samples print what came back.
    prints: bool,
}

impl Language {
    fn new(ending: &'static str, program: &'static str) -> Self {
        Self { ending, program, words: vec![], whole: identity, prints: true }
    }
}

/// A channel behind a real listener, on one address.
pub(crate) async fn listening() -> (FaceFixture, SocketAddr) {
    let (fixture, address, _) = overheard().await;
    (fixture, address)
}

/// The statuses that a listener has answered with, oldest first.
type Statuses = Arc<Mutex<Vec<u16>>>;

/// The same, and what its answers were.
async fn overheard() -> (FaceFixture, SocketAddr, Statuses) {
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
    let statuses = Statuses::default();
    let heard = statuses.clone();
    let served = service.clone().map_response(move |answer: Response| {
        heard.lock().expect("no panic").push(answer.status().as_u16());
        answer
    });
    tokio::spawn(async move { axum::serve(listener, Shared::new(served)).await });
    (FaceFixture { world, service }, address, statuses)
}

/// What became of one sample.
#[derive(Debug)]
struct Ran {
    statuses: Vec<u16>,
    succeeded: bool,
    out: String,
    err: String,
    /// Whether the session that it was about is over.
    over: bool,
}

/// A person with a session, the sample about it, and what came of that.
async fn run(language: &Language, request: &str) -> Ran {
    let (fixture, address, statuses) = overheard().await;
    let held = fixture.sign_on(ALICE).await;
    fixture.assert_live(&held).await;
    let file = format!("{request}.{}", language.ending);
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../clients/founding");
    let sample = std::fs::read_to_string(samples.join(&file)).expect("a sample");
    let text = filled(&fixture, address, &held, &fixture.worker().await, &sample);
    let folder = fixture.world.folder().join("sample");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(&file), (language.whole)(text)).expect("a file");
    let mut command = Command::new(language.program);
    command.args(&language.words).arg(file).current_dir(&folder);
    command.env("CURL_HOME", &folder).env("NO_PROXY", "*");
    command.env("PYTHONPATH", clients().join("python")).env("NODE_PATH", clients().join("node_modules"));
    // One file without packages: nothing is looked for elsewhere.
    command.env("GO111MODULE", "off").env("GOTOOLCHAIN", "local").env("GOCACHE", clients().join("go"));
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    let program = language.program;
    let output =
        output.unwrap_or_else(|error| panic!("{program} is missing ({error}): run `cargo xtask test`"));
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let statuses = statuses.lock().expect("no panic").clone();
    let over = !fixture.is_signed_on(&held.st).await;
    Ran {
        statuses,
        succeeded: output.status.success(),
        out: said(&output.stdout),
        err: said(&output.stderr),
        over,
    }
}

/// The answer is the document's, the sample prints what came with it, and the session is over.
async fn ends(language: &Language, request: &str, expected: &[u16]) {
    let ran = run(language, request).await;
    let told = format!("{request} by {} (packages come with `cargo xtask test`): {ran:?}", language.program);
    assert!(ran.succeeded && ran.over, "{told}");
    assert_eq!(ran.statuses, expected, "{told}");
    let page = expected.contains(&200) && language.prints;
    assert_eq!(ran.out.contains("</html>"), page, "{told}");
    // Node's samples print that there is no body, in their language's word for it.
    assert!(page || ["", "undefined"].contains(&ran.out.trim()), "{told}");
}

/// All three. A sign-off redirects, and most samples follow.
async fn all_end(language: Language, sign_off: &[u16]) {
    ends(&language, "sign-off", sign_off).await;
    ends(&language, "reset", &[204]).await;
    ends(&language, "delete", &[204]).await;
}

const FOLLOWED: &[u16] = &[302, 200];

/// P-37: curl, each of the three requests.
#[tokio::test]
async fn the_founding_requests_run_in_curl() {
    all_end(Language::new("sh", "sh"), FOLLOWED).await;
}

/// P-37: Python and its package `requests`.
#[tokio::test]
async fn the_founding_requests_run_in_python() {
    all_end(Language::new("py", "python3"), FOLLOWED).await;
}

/// P-37: Node and its package `request`.
#[tokio::test]
async fn the_founding_requests_run_in_node() {
    all_end(Language::new("js", "node"), FOLLOWED).await;
}

/// P-37: Go and its standard library.
#[tokio::test]
async fn the_founding_requests_run_in_go() {
    all_end(Language { words: vec!["run".to_owned()], ..Language::new("go", "go") }, FOLLOWED).await;
}

/// P-37: Ruby and its standard library, which follows no redirect.
#[tokio::test]
async fn the_founding_requests_run_in_ruby() {
    all_end(Language::new("rb", "ruby"), &[302]).await;
}

/// P-37: Java and OkHttp. Its sign-off is a GET with a body, which OkHttp itself refuses: as it is printed it reaches nobody.
#[tokio::test]
async fn the_founding_requests_run_in_java() {
    let jars = clients().join("java/*").to_string_lossy().into_owned();
    let whole = |text| {
        format!(
            "import okhttp3.*;\nclass Sample {{ static public void main(String[] none) throws Exception {{\n{text}}} }}\n"
        )
    };
    let words = vec!["-cp".to_owned(), jars];
    let java = Language { words, whole, prints: false, ..Language::new("java", "java") };
    let refused = run(&java, "sign-off").await;
    assert!(refused.err.contains("method GET must not have a request body."), "{refused:?}");
    assert!(refused.statuses.is_empty() && !refused.over, "{refused:?}");
    ends(&java, "reset", &[204]).await;
    ends(&java, "delete", &[204]).await;
}

fn filled(fixture: &FaceFixture, address: SocketAddr, held: &Held, worker: &str, sample: &str) -> String {
    let values = [
        ("{{authPath}}", format!("http://{address}")),
        ("{{apiPath}}", format!("http://{address}/v1")),
        ("{{envID}}", fixture.env()),
        ("{{userID}}", fixture.world.data.alice.id.to_string()),
        ("{{sessionID}}", held.sid.clone()),
        ("{{sessionToken}}", format!("ST={}", held.st)),
        ("{{accessToken}}", worker.to_owned()),
    ];
    values.iter().fold(sample.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// Where the published packages lie.
pub(crate) fn clients() -> PathBuf {
    let installed = std::env::var_os("TEST_CLIENTS").map(PathBuf::from);
    installed.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/clients"))
}
