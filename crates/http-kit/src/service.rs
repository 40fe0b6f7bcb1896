//! One adapter between whoever answers requests and the servers and routers that call services.
//!
//! A face says how it answers; the adapter makes the service. It never waits for room and never fails: what goes wrong is
//! an answer, too. Nothing here looks into a request.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower::Service;

/// Something that answers every request.
pub trait Answers<B>: Send + Sync + 'static {
    /// The body of its answers.
    type Body;

    /// The answer to one request.
    fn answer(&self, request: Request<B>) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// An answer in the making.
pub type Answering<B> = Pin<Box<dyn Future<Output = Result<Response<B>, Infallible>> + Send>>;

/// Whoever answers, as a service that is cheap to clone.
#[derive(Debug)]
pub struct FaceService<F>(Arc<F>);

impl<F> FaceService<F> {
    /// The service of this face.
    pub fn new(face: F) -> Self {
        Self(Arc::new(face))
    }

    /// The face behind it.
    pub fn face(&self) -> &F {
        &self.0
    }

    /// Begins to answer a request.
    pub fn begin<B>(&self, request: Request<B>) -> Answering<F::Body>
    where
        F: Answers<B>,
        B: Send + 'static,
    {
        let face = Arc::clone(&self.0);
        Box::pin(async move { Ok(face.answer(request).await) })
    }
}

impl<F> Clone for FaceService<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F: Answers<B>, B: Send + 'static> Service<Request<B>> for FaceService<F> {
    type Response = Response<F::Body>;
    type Error = Infallible;
    type Future = Answering<F::Body>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.begin(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower::ServiceExt;

    struct Echo;

    impl Answers<&'static str> for Echo {
        type Body = String;

        async fn answer(&self, request: Request<&'static str>) -> Response<String> {
            Response::new(format!("{} {}", request.uri(), request.body()))
        }
    }

    #[tokio::test]
    async fn a_service_answers_as_its_face_does_and_its_clones_do_too() {
        let service = FaceService::new(Echo);
        let ask = |path: &str| Request::builder().uri(path).body("hello").expect("a request");
        let first = service.clone().oneshot(ask("/a")).await.unwrap_or_else(|never| match never {});
        assert_eq!(first.into_body(), "/a hello");
        let second = service.begin(ask("/b")).await.unwrap_or_else(|never| match never {});
        assert_eq!(second.into_body(), "/b hello");
    }
}
