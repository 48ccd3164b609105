// axum with tower-sessions and its Redis store, as the store's README shows it.
use axum::{
    http::StatusCode,
    routing::{get, post},
    Router,
};
use std::env::var;
use tower_sessions::{session::Error, Session, SessionManagerLayer};
use tower_sessions_redis_store::{fred::prelude::*, RedisStore};

fn failed(error: Error) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

async fn hits(session: Session) -> Result<String, (StatusCode, String)> {
    let visits = session.get::<usize>("visits").await.map_err(failed)?.unwrap_or_default() + 1;
    session.insert("visits", visits).await.map_err(failed)?;
    Ok(format!("Visits: {visits}"))
}

async fn logout(session: Session) -> Result<StatusCode, (StatusCode, String)> {
    session.flush().await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = Pool::new(Config::from_url(&var("REDIS_URL")?)?, None, None, None, 6)?;
    let redis = pool.connect();
    pool.wait_for_connect().await?;
    let sessions = SessionManagerLayer::new(RedisStore::new(pool)).with_secure(false);
    let app = Router::new()
        .route("/hits", get(hits))
        .route("/logout", post(logout))
        .layer(sessions);
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", var("PORT")?)).await?;
    axum::serve(listener, app).await?;
    redis.await??;
    Ok(())
}
