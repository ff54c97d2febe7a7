//! A page of the documentation, as far as it is to be run.

use std::fs;
use std::path::Path;

/// What is fenced on a page.
pub(crate) struct Page {
    /// The file's name.
    pub(crate) name: String,
    pub(crate) blocks: Vec<Block>,
}

/// A fenced block.
pub(crate) struct Block {
    /// The line of its fence, from 1.
    pub(crate) line: usize,
    pub(crate) language: String,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn read(path: &Path) -> Self {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name, blocks: blocks(&text) }
    }

    /// The blocks before the first one with this text.
    pub(crate) fn before(mut self, text: &str) -> Self {
        let end = self.blocks.iter().position(|block| block.text.contains(text));
        self.blocks.truncate(end.unwrap_or_else(|| panic!("{} has no {text}", self.name)));
        self
    }
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((line, start)) = lines.next() {
        let Some(language) = start.trim_start().strip_prefix("```") else { continue };
        // A block within a list is as far from the margin as its fence.
        let margin = start.len() - start.trim_start().len();
        let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```");
        let text = inside.flat_map(|line| [line.get(margin..).unwrap_or_default(), "\n"]).collect();
        blocks.push(Block { line, language: language.to_owned(), text });
    }
    blocks
}
