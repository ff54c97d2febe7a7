//! `clusterwright probe`: whether a health endpoint answers well.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use tokio::time::{Instant, sleep};

use crate::cloud::transport::{HttpTransport, Limits, Transport};

/// Between two looks.
const AGAIN: Duration = Duration::from_secs(1);

/// One answer, which is a word or two.
const LIMITS: Limits = Limits { deadline: Duration::from_secs(5), max_body: 64 << 10 };

/// Waits until a health endpoint answers well
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The endpoint, such as <http://clusterwright:8080/readyz>
    url: Uri,

    /// After so many seconds it gives up
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    within: u16,
}

/// Asks until the answer is 200; `Err` is a sentence with what was answered last.
pub async fn run(Args { url, within }: Args) -> Result<(), String> {
    let transport = HttpTransport::new(None).map_err(|error| error.to_string())?;
    let deadline = Instant::now() + Duration::from_secs(within.into());
    loop {
        let Err(answer) = ask(&transport, &url).await else { return Ok(()) };
        if Instant::now() + AGAIN > deadline {
            return Err(format!("{url} did not answer well within {within} s: {answer}."));
        }
        sleep(AGAIN).await;
    }
}

async fn ask(transport: &HttpTransport, url: &Uri) -> Result<(), String> {
    let request = Request::get(url).body(Bytes::new()).map_err(|error| error.to_string())?;
    let response = transport.send(request, LIMITS).await.map_err(|error| error.to_string())?;
    if response.status().is_success() {
        return Ok(());
    }
    Err(format!("{}, {}", response.status(), String::from_utf8_lossy(response.body()).trim()))
}
