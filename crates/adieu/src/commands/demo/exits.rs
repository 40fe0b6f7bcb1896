//! The five exits: the founding requests, sent as they are written.
//!
//! What is sent is what the founding documents show, with only the variables filled in.

use anyhow::{Context, Result, ensure};
use reqwest::Method;

use crate::commands::demo::programs::{DemoDialect, Programs};
use crate::commands::demo::server::DemoServer;
use crate::commands::demo::talk::{DemoAnswer, DemoRequest};
use crate::commands::shown::say;

/// One way out.
pub(super) struct DemoExit {
    pub(super) title: &'static str,
    dialect: DemoDialect,
    request: ExitRequest,
}

#[derive(Clone, Copy)]
enum ExitRequest {
    SignOff,
    Reset,
    DeleteSession,
    AmLogout,
    KratosLogout,
}

pub(super) const EXITS: [DemoExit; 5] = [
    DemoExit {
        title: "PingOne, sign-off by the browser's cookie",
        dialect: DemoDialect::PingOne,
        request: ExitRequest::SignOff,
    },
    DemoExit {
        title: "PingOne, reset of a session by its id",
        dialect: DemoDialect::PingOne,
        request: ExitRequest::Reset,
    },
    DemoExit {
        title: "PingOne, deletion of one session of one user",
        dialect: DemoDialect::PingOne,
        request: ExitRequest::DeleteSession,
    },
    DemoExit {
        title: "AM, logout by the session's token",
        dialect: DemoDialect::Am,
        request: ExitRequest::AmLogout,
    },
    DemoExit {
        title: "Kratos, logout by the logout token",
        dialect: DemoDialect::Kratos,
        request: ExitRequest::KratosLogout,
    },
];

/// Signs on, shows that everybody calls the session live, ends it, shows that nobody does, restarts, shows it again.
pub(super) async fn walk(exit: &DemoExit, programs: &Programs, server: &mut DemoServer) -> Result<()> {
    let token = programs.sign_on(exit.dialect).await?;
    let live = programs.live(&token).await?;
    say!("  signed on through {}; live in PingOne, AM, Kratos: {live:?}", exit.dialect.name());
    ensure!(live == [true; 3], "not live in all three dialects");
    let tokens = programs.tokens(&token).await?;
    end(exit.request, programs, &token).await?;
    for restarted in [false, true] {
        if restarted {
            server.kill_and_restart().await?;
        }
        let when = if restarted { "after kill -9 and a new start" } else { "at once" };
        // Five requests in turn: after as many rounds as there are nodes each dialect has spoken at each of them.
        for _ in 0..programs.talk.nodes() {
            let live = programs.live(&token).await?;
            let usable = programs.usable(&tokens).await?;
            say!(
                "  {when}: live in PingOne, AM, Kratos: {live:?}; access and refresh token good: {usable:?}"
            );
            ensure!(live == [false; 3] && usable == [false; 2], "not ended everywhere {when}");
        }
    }
    Ok(())
}

async fn end(request: ExitRequest, programs: &Programs, token: &str) -> Result<()> {
    let (environment, talk) = (programs.environment(), &programs.talk);
    let expect = |heard: &DemoAnswer, status: u16| {
        ensure!(heard.status == status, "{status} was expected, {} came: {}", heard.status, heard.text);
        Ok(())
    };
    match request {
        ExitRequest::SignOff => {
            let say = DemoRequest::new(Method::GET, format!("/{environment}/as/signoff"))
                .header("cookie", format!("ST={token}"));
            let heard = talk.show(say).await?;
            expect(&heard, 302)?;
            ensure!(heard.header("location").ends_with("/signon/#signedOff"), "another Location");
            Ok(())
        }
        ExitRequest::Reset => {
            let session = session_id(programs, token).await?;
            let say =
                DemoRequest::new(Method::POST, format!("/v1/environments/{environment}/sessions/{session}"))
                    .header("content-type", "application/vnd.pingidentity.sso.session.logout")
                    .header("authorization", format!("Bearer {}", programs.worker_token().await?));
            expect(&talk.show(say).await?, 204)
        }
        ExitRequest::DeleteSession => {
            let (session, user) = (session_id(programs, token).await?, programs.people.user_id.as_str());
            let path = format!("/v1/environments/{environment}/users/{user}/sessions/{session}");
            let say = DemoRequest::new(Method::DELETE, path)
                .header("authorization", format!("Bearer {}", programs.worker_token().await?));
            expect(&talk.show(say).await?, 204)
        }
        ExitRequest::AmLogout => log_out_at_am(programs, token).await.map(|_| ()),
        ExitRequest::KratosLogout => {
            let logout = logout_token(programs, token).await?;
            let say = DemoRequest::new(Method::GET, format!("/auth/self-service/logout?token={logout}"))
                .header("cookie", format!("ory_kratos_session={token}"))
                .header("accept", "application/json");
            expect(&talk.show(say).await?, 204)
        }
    }
}

/// AM's logout by the session's token, as the founding document sends it.
pub(super) async fn log_out_at_am(programs: &Programs, token: &str) -> Result<DemoAnswer> {
    let say = DemoRequest::new(Method::POST, "/am/json/realms/root/realms/alpha/sessions/?_action=logout")
        .header("iplanetdirectorypro", token)
        .header("accept-api-version", "resource=3.1, protocol=1.0");
    let heard = programs.talk.show(say).await?;
    ensure!(heard.status == 200, "200 was expected, {} came: {}", heard.status, heard.text);
    ensure!(heard.text == r#"{"result":"Successfully logged out"}"#, "another body: {}", heard.text);
    Ok(heard)
}

/// The public id of the session that a token opens, as a program learns it: whoami shows it.
async fn session_id(programs: &Programs, token: &str) -> Result<String> {
    let heard = programs
        .talk
        .ask(DemoRequest::new(Method::GET, "/sessions/whoami").header("x-session-token", token))
        .await?;
    heard.json()?["id"].as_str().map(str::to_owned).context("no session id")
}

async fn logout_token(programs: &Programs, token: &str) -> Result<String> {
    let say = DemoRequest::new(Method::GET, "/self-service/logout/browser").header("x-session-token", token);
    programs.talk.ask(say).await?.json()?["logout_token"]
        .as_str()
        .map(str::to_owned)
        .context("no logout token")
}

/// Prints the five requests with everything filled in, one fresh session each, to be sent by hand.
pub(super) async fn by_hand(programs: &Programs) -> Result<()> {
    let (base, environment) = (programs.talk.base(), programs.environment());
    let worker = programs.worker_token().await?;
    let user = programs.people.user_id.as_str();
    say!("\nThe five requests, each with a session of its own:\n");
    let token = programs.sign_on(DemoDialect::PingOne).await?;
    say!("# 1. 302\ncurl -i '{base}/{environment}/as/signoff' --header 'Cookie: ST={token}'\n");
    let session = session_id(programs, &programs.sign_on(DemoDialect::PingOne).await?).await?;
    say!(
        "# 2. 204\ncurl -i --request POST '{base}/v1/environments/{environment}/sessions/{session}' \\\n  \
         --header 'Content-Type: application/vnd.pingidentity.sso.session.logout' \\\n  \
         --header 'Authorization: Bearer {worker}'\n"
    );
    let session = session_id(programs, &programs.sign_on(DemoDialect::PingOne).await?).await?;
    say!(
        "# 3. 204\ncurl -i --request DELETE '{base}/v1/environments/{environment}/users/{user}/sessions/{session}' \\\n  \
         --header 'Authorization: Bearer {worker}'\n"
    );
    let token = programs.sign_on(DemoDialect::Am).await?;
    say!(
        "# 4. 200\ncurl -i -X POST -H 'iPlanetDirectoryPro: {token}' -H 'Accept-API-Version: resource=3.1, protocol=1.0' \\\n  \
         '{base}/am/json/realms/root/realms/alpha/sessions/?_action=logout'\n"
    );
    let token = programs.sign_on(DemoDialect::Kratos).await?;
    let logout = logout_token(programs, &token).await?;
    say!(
        "# 5. 303, or 204 with --header 'Accept: application/json'\ncurl -i '{base}/auth/self-service/logout?token={logout}' \\\n  \
         --header 'Cookie: ory_kratos_session={token}'"
    );
    Ok(())
}
