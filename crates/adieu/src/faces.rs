//! The faces with their settings out of the configuration, and the small admin side.

use adieu_authority::Authority;
use anyhow::{Context, Result};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use crate::config::Config;
use crate::dispatch::Dispatcher;
use crate::metering;

/// The public side.
pub(crate) fn public(authority: &Authority, config: &Config) -> Result<Dispatcher> {
    Ok(Dispatcher {
        am: axum::Router::new(),
        pingone: axum::Router::new(),
        kratos: kratos(authority, config).context("kratos")?,
    })
}

fn kratos(authority: &Authority, config: &Config) -> Result<axum::Router> {
    let face = &config.kratos;
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let default_return = or(&face.default_return_url, &format!("{}/", config.public.url));
    let settings = adieu_face_kratos::Settings {
        realm: face.realm.clone(),
        base: config.public.url.clone(),
        admin_base: config.admin.url.clone(),
        cookie: adieu_face_kratos::CookieSettings {
            name: face.cookie_name.clone(),
            names_read: face.cookie_names_read.clone(),
            persistent: face.cookie_persistent,
            same_site: face.cookie_same_site.clone(),
            domain: face.cookie_domain.clone(),
            secure: config.public.url.starts_with("https://"),
        },
        login_flow_life_s: face.login_flow_lifetime_s,
        logout_return: or(&face.logout_return_url, &default_return),
        login_return: or(&face.login_return_url, &default_return),
        default_return,
        login_ui: or(&face.login_ui_url, &format!("{}/self-service/ui/login", config.public.url)),
        error_ui: or(&face.error_ui_url, &format!("{}/self-service/ui/error", config.public.url)),
        allowed_return: face.allowed_return_urls.clone(),
        cors_origins: face.cors_origins.clone(),
        login_ends_others: face.login_ends_others,
        whoami_cache_max_s: face.whoami_cacheable.then_some(face.whoami_cacheable_max_s),
        clear_browser_data: face.logout_clears_browser_data,
        documented_error_ids: face.documented_error_ids,
        schema_id: face.schema_id.clone(),
    };
    adieu_face_kratos::service(authority.clone(), settings).map_err(Into::into)
}

/// The admin side: health and metrics.
pub(crate) fn admin(authority: &Authority) -> axum::Router {
    axum::Router::new()
        .route("/health/alive", get(|| async { Json(json!({"status": "ok"})) }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(authority.clone())
}

async fn ready(State(authority): State<Authority>) -> Response {
    match authority.ready().await {
        Ok(()) => Json(json!({"status": "ok"})).into_response(),
        Err(outage) => {
            tracing::error!(error = %outage, "not ready");
            let body = json!({"errors": {"database": "the store does not answer"}});
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], Json(body)).into_response()
        }
    }
}

async fn metrics(State(authority): State<Authority>) -> Response {
    match metering::recorder() {
        Some(recorder) => {
            let text = "text/plain; version=0.0.4; charset=utf-8";
            ([(header::CONTENT_TYPE, text)], metering::page(recorder, &authority)).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
