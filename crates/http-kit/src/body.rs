//! Reading a body with three bounds: how long it may be, how long it may take, and how slowly it may come.
//!
//! A body that is too large is refused: by its declared length before anything is kept, else at the first byte too many. Up to
//! eight mebibytes of it are read and thrown away, so that its sender hears the answer; then the connection closes (HOME-LIMITS).

use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Longer than the limit, by its declared or its true length.
    #[error("the body is too large")]
    TooLarge,
    /// Not complete in the time given.
    #[error("the body came too slowly")]
    Slow,
    /// Bodies hold as many bytes already as they may.
    #[error("too many bodies are on their way")]
    Crowded,
    /// The connection or the encoding broke.
    #[error("the body broke off")]
    Broken,
}

/// The error of a body whose next bytes are not to be held, given by whoever counts what bodies hold. What comes after it may be read to be
/// thrown away.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("bodies hold as many bytes as they may")]
pub struct BodiesHoldTooMuch;

/// What a body has to begin with, and the rate at which it has to come after that: whoever sends more slowly holds a place that others
/// wait for (ONE-SLOW-HURTS-NONE).
const HEAD_START: Duration = Duration::from_secs(5);
const BYTES_A_SECOND_MIN: u32 = 4 * 1024;

/// Reads a whole body of at most `limit` bytes within `patience`; it has five seconds, and one more for each 4 KiB that have come.
pub async fn read<B>(body: B, limit: usize, patience: Duration) -> Result<Bytes, BodyError>
where
    B: BodyExt<Data = Bytes>,
    B::Error: Error + 'static,
{
    tokio::time::timeout(patience, collected(body, limit, HEAD_START)).await.map_err(|_| BodyError::Slow)?
}

/// What is read and thrown away of a body that is too large. A sender in the middle of its body hears no answer on a
/// connection that is closed under it; beyond this it does not hear one.
const DISCARDED_BYTES_MAX: usize = 8 * 1024 * 1024;

async fn collected<B>(body: B, limit: usize, head_start: Duration) -> Result<Bytes, BodyError>
where
    B: BodyExt<Data = Bytes>,
    B::Error: Error + 'static,
{
    let mut body = std::pin::pin!(body);
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > limit {
        if declared <= DISCARDED_BYTES_MAX {
            discard(body.as_mut()).await;
        }
        return Err(BodyError::TooLarge);
    }
    let mut whole = Whole::Nothing;
    let mut due = std::pin::pin!(tokio::time::sleep(head_start));
    loop {
        let frame = tokio::select! {
            biased;
            frame = body.frame() => frame,
            () = due.as_mut() => return Err(BodyError::Slow),
        };
        let Some(frame) = frame else { break };
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) if is_crowded(&error) => {
                // Whoever is in the middle of a body hears no answer; one that comes slowly is not waited for.
                let _ = tokio::time::timeout(CROWDED_PATIENCE, discard(body.as_mut())).await;
                return Err(BodyError::Crowded);
            }
            Err(_) => return Err(BodyError::Broken),
        };
        let Ok(data) = frame.into_data() else { continue }; // Trailers are not read.
        if data.len() > limit - whole.len() {
            discard(body.as_mut()).await;
            return Err(BodyError::TooLarge);
        }
        let due_at = due.deadline() + time_earned(data.len());
        due.as_mut().reset(due_at);
        whole = whole.with(data);
    }
    Ok(whole.into_bytes())
}

/// What a body may take longer for so many bytes.
fn time_earned(bytes: usize) -> Duration {
    Duration::from_secs(1) * u32::try_from(bytes).unwrap_or(u32::MAX) / BYTES_A_SECOND_MIN
}

/// For how long the rest of a body is thrown away that is refused because there are too many.
const CROWDED_PATIENCE: Duration = Duration::from_secs(1);

fn is_crowded(error: &(dyn Error + 'static)) -> bool {
    error.is::<BodiesHoldTooMuch>() || error.source().is_some_and(is_crowded)
}

async fn discard<B>(mut body: std::pin::Pin<&mut B>)
where
    B: BodyExt<Data = Bytes>,
{
    let mut discarded = 0;
    while discarded < DISCARDED_BYTES_MAX {
        let Some(Ok(frame)) = body.frame().await else { return };
        discarded += frame.into_data().map_or(0, |data| data.len());
    }
}

/// Most bodies come in one piece, which is then not copied.
enum Whole {
    Nothing,
    One(Bytes),
    Many(BytesMut),
}

impl Whole {
    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::One(data) => data.len(),
            Self::Many(data) => data.len(),
        }
    }

    fn with(self, data: Bytes) -> Self {
        match self {
            Self::Nothing => Self::One(data),
            Self::One(first) => {
                let mut all = BytesMut::with_capacity(first.len() + data.len());
                all.extend_from_slice(&first);
                all.extend_from_slice(&data);
                Self::Many(all)
            }
            Self::Many(mut all) => {
                all.extend_from_slice(&data);
                Self::Many(all)
            }
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(data) => data,
            Self::Many(all) => all.freeze(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io;

    use futures_util::{StreamExt as _, stream};
    use http_body_util::{Empty, Full, StreamBody};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    type Frame = hyper::body::Frame<Bytes>;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    fn pieces(pieces: &[&'static str]) -> impl BodyExt<Data = Bytes, Error = Infallible> + use<> {
        let frames: Vec<_> = pieces
            .iter()
            .map(|piece| Ok::<_, Infallible>(Frame::data(Bytes::from_static(piece.as_bytes()))))
            .collect();
        StreamBody::new(stream::iter(frames))
    }

    #[test]
    fn a_body_up_to_the_limit_is_read() {
        assert_eq!(run(read(Full::from("12345"), 5, PATIENCE)), Ok(Bytes::from("12345")));
        assert_eq!(run(read(pieces(&["12", "", "3", "45"]), 5, PATIENCE)), Ok(Bytes::from("12345")));
        assert_eq!(run(read(Empty::<Bytes>::new(), 0, PATIENCE)), Ok(Bytes::new()));
    }

    #[test]
    fn one_byte_more_is_refused() {
        assert_eq!(run(read(Full::from("123456"), 5, PATIENCE)), Err(BodyError::TooLarge));
        assert_eq!(run(read(pieces(&["12", "3", "456"]), 5, PATIENCE)), Err(BodyError::TooLarge));
        assert_eq!(run(read(pieces(&["x"]), 0, PATIENCE)), Err(BodyError::TooLarge));
    }

    #[test]
    fn a_body_that_never_ends_is_slow() {
        let body = StreamBody::new(stream::pending::<Result<Frame, Infallible>>());
        assert_eq!(run(read(body, 5, Duration::ZERO)), Err(BodyError::Slow));
    }

    /// Goal: H6-5: a body has to come at a rate, however long it may take in all; one that is there is read.
    #[test]
    fn a_body_that_comes_too_slowly_is_not_waited_for() {
        let pending = stream::once(async { Ok::<_, Infallible>(Frame::data(Bytes::from("1"))) })
            .chain(stream::pending::<Result<Frame, Infallible>>());
        let body = StreamBody::new(Box::pin(pending));
        assert_eq!(run(collected(body, 5, Duration::ZERO)), Err(BodyError::Slow));
        assert_eq!(run(collected(pieces(&["12", "3"]), 5, Duration::ZERO)), Ok(Bytes::from("123")));
        assert_eq!(time_earned(64 * 1024), Duration::from_secs(16));
        assert_eq!(time_earned(0), Duration::ZERO);
    }

    #[test]
    fn a_broken_connection_is_told_apart() {
        let frames = [Ok(Frame::data(Bytes::from("1"))), Err(io::Error::other("reset"))];
        assert_eq!(run(read(StreamBody::new(stream::iter(frames)), 5, PATIENCE)), Err(BodyError::Broken));
        let frames = [Ok(Frame::data(Bytes::from("1"))), Err(BodiesHoldTooMuch)];
        assert_eq!(run(read(StreamBody::new(stream::iter(frames)), 5, PATIENCE)), Err(BodyError::Crowded));
    }
}
