//! Sentences that are logged when they are news.

/// What was last logged, so that it is not said again.
#[derive(Debug, Default)]
pub(super) struct Said(String);

impl Said {
    /// Warns, unless these were the last words.
    pub(super) fn warn(&mut self, sentence: &str) {
        if self.is_news(sentence) {
            tracing::warn!("{sentence}");
        }
    }

    /// Informs, unless these were the last words.
    pub(super) fn inform(&mut self, sentence: &str) {
        if self.is_news(sentence) {
            tracing::info!("{sentence}");
        }
    }

    /// What was said before is worth saying again.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    fn is_news(&mut self, sentence: &str) -> bool {
        let news = self.0 != sentence;
        sentence.clone_into(&mut self.0);
        news
    }
}
